//! AppList: all apps, or those of one package, oldest install first.

use std::path::PathBuf;

use control::AppDetail;
use domain::ErrorCode;
use wire::{AppDetailInfo, AppListParameters, RunningInfo};

use super::app_status::{AppStatus, status_info};
use crate::error::{Nothing, Refusal};
use crate::interface::{Call, Interface};

pub(crate) struct AppList;

impl Interface for AppList {
    const NAME: &'static str = "AppList";
    const SUMMARY: &'static str = "Tell what all apps, or those of one package, are and do, and where to reach them. Oldest install first.";
    const CHANGES: bool = false;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &["app_name"];
    const CODES: &'static [ErrorCode] = &[ErrorCode::ContainerCommandError];
    type Parameters = AppListParameters;
    type Data = Vec<AppDetailInfo>;
    type Item = AppDetailInfo;

    fn example() -> Vec<AppDetailInfo> {
        let running_info = RunningInfo {
            port: 8080,
            compose_file: "/var/lib/appmanage/apps/myblog/compose.yaml".into(),
            url: "http://192.0.2.10:8080/".into(),
            admin_url: "http://192.0.2.10:8080/wp-admin/".into(),
            user_name: "admin".into(),
            password: "Zr3kTq9wXb5nLc7vHs2mJd8f".into(),
        };
        vec![AppDetailInfo { app: AppStatus::example(), running_info: Some(running_info) }]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<AppDetailInfo>, Refusal> {
        let apps = call.control.app_list(call.parameters.optional("app_name"))?;
        Ok(apps.into_iter().map(|app| detail_info(app, call)).collect())
    }
}

/// An app as AppList and AppDetail tell it.
pub(crate) fn detail_info(app: AppDetail, call: &Call<'_>) -> AppDetailInfo {
    let running_info = app.running.map(|running| RunningInfo {
        port: running.port,
        compose_file: text_of(running.compose_file),
        url: running.url,
        admin_url: running.admin_url,
        // The owner asks for the login of an own, running app: the one place that tells a password of an app.
        password: if call.sees_passwords {
            running.login.password.reveal().to_owned()
        } else {
            String::new()
        },
        user_name: running.login.user_name,
    });
    AppDetailInfo { app: status_info(app.summary, call.base), running_info }
}

/// Taken over, not copied: there may be thousands.
fn text_of(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap_or_else(|path| path.to_string_lossy().into_owned())
}
