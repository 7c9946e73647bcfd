//! AppInstall: accepts an install. It goes on in the background.

use control::InstallRequest;
use domain::ErrorCode;
use wire::{AppIdInfo, AppInstallParameters};

use crate::error::Refusal;
use crate::interface::{Call, Interface};
use crate::parameters::Parameters;

pub(crate) struct AppInstall;

impl Interface for AppInstall {
    const NAME: &'static str = "AppInstall";
    const SUMMARY: &'static str = "Install an app. Answers as soon as the request is safely stored; the install goes on in the background.";
    const CHANGES: bool = true;
    const PARAMETERS: &'static [&'static str] = &["app_name", "customer_app_name", "app_version", "settings"];
    const OBJECTS: &'static [&'static str] = &["settings"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppNameBlank,
        ErrorCode::CustomerAppNameBlank,
        ErrorCode::AppVersionBlank,
        ErrorCode::AppUnknown,
        ErrorCode::CustomerAppNameFormat,
        ErrorCode::AppVersionNotExis,
        ErrorCode::SettingsFormat,
        ErrorCode::SettingsUnknown,
        ErrorCode::SettingsValue,
        ErrorCode::SettingsMissing,
        ErrorCode::PolicyRefused,
        ErrorCode::CustomerAppNameRepeat,
        ErrorCode::CustomerAppNameWait,
        ErrorCode::ContainerCommandError,
        ErrorCode::RequirementNotEnough,
    ];
    type Parameters = AppInstallParameters;
    type Data = AppIdInfo;
    type Item = AppIdInfo;

    fn example() -> AppIdInfo {
        AppIdInfo { app_id: "myblog".into() }
    }

    async fn answer(call: &Call<'_>) -> Result<AppIdInfo, Refusal> {
        let app_id = call.control.install(install_request(&call.parameters)?).await?;
        Ok(AppIdInfo { app_id: app_id.to_string() })
    }
}

/// What is to be installed, or planned.
pub(crate) fn install_request(given: &Parameters) -> Result<InstallRequest, Refusal> {
    Ok(InstallRequest {
        app_name: given.required("app_name", ErrorCode::AppNameBlank)?.to_owned(),
        customer_app_name: given.required("customer_app_name", ErrorCode::CustomerAppNameBlank)?.to_owned(),
        app_version: given.required("app_version", ErrorCode::AppVersionBlank)?.to_owned(),
        settings: given.settings("settings"),
    })
}
