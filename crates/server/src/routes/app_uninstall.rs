//! AppUninstall: takes an app out of service, into the recycle bin or for good.

use control::Data;
use domain::ErrorCode;
use wire::{AppIdInfo, AppUninstallParameters};

use crate::error::Refusal;
use crate::interface::{Call, Interface};

pub(crate) struct AppUninstall;

impl Interface for AppUninstall {
    const NAME: &'static str = "AppUninstall";
    const SUMMARY: &'static str = "Uninstall an app. Its data goes to the recycle bin, or is deleted for good if that is asked for. Answers at once.";
    const CHANGES: bool = true;
    const PARAMETERS: &'static [&'static str] = &["app_id", "data"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppIdBlank,
        ErrorCode::DataFormat,
        ErrorCode::AppIdFormat,
        ErrorCode::AppNotExis,
        ErrorCode::ContainerCommandError,
        ErrorCode::AppBusy,
        ErrorCode::AppNotManaged,
    ];
    type Parameters = AppUninstallParameters;
    type Data = AppIdInfo;
    type Item = AppIdInfo;

    fn example() -> AppIdInfo {
        AppIdInfo { app_id: "myblog".into() }
    }

    async fn answer(call: &Call<'_>) -> Result<AppIdInfo, Refusal> {
        let app_id = call.parameters.required("app_id", ErrorCode::AppIdBlank)?;
        let data = match call.parameters.optional("data") {
            None | Some("keep") => Data::Keep,
            Some("purge") => Data::Purge,
            Some(_) => return Err(Refusal::Format(ErrorCode::DataFormat)),
        };
        let app_id = call.control.uninstall(app_id, data).await?;
        Ok(AppIdInfo { app_id: app_id.to_string() })
    }
}
