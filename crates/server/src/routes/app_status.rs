//! AppStatus: what one app is and does.

use control::AppSummary;
use domain::{ErrorCode, Status};
use wire::{AppStatusInfo, AppStatusParameters};

use crate::error::Refusal;
use crate::interface::{Call, Interface};
use crate::routes::images;

pub(crate) struct AppStatus;

impl Interface for AppStatus {
    const NAME: &'static str = "AppStatus";
    const SUMMARY: &'static str = "Tell what one app is and does.";
    const CHANGES: bool = false;
    const PARAMETERS: &'static [&'static str] = &["app_id"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppIdBlank,
        ErrorCode::AppIdFormat,
        ErrorCode::AppNotExis,
        ErrorCode::ContainerCommandError,
    ];
    type Parameters = AppStatusParameters;
    type Data = AppStatusInfo;
    type Item = AppStatusInfo;

    fn example() -> AppStatusInfo {
        AppStatusInfo {
            app_id: "myblog".into(),
            name: "wordpress".into(),
            customer_name: "myblog".into(),
            trade_mark: "WordPress".into(),
            status_code: wire::StatusCode::Running,
            status: wire::Status::Running,
            official_app: true,
            image_url: "/images/wordpress.svg".into(),
        }
    }

    async fn answer(call: &Call<'_>) -> Result<AppStatusInfo, Refusal> {
        let app_id = call.parameters.required("app_id", ErrorCode::AppIdBlank)?;
        Ok(status_info(call.control.app_status(app_id)?, call.base))
    }
}

/// An app as the contract tells it.
pub(crate) fn status_info(app: AppSummary, base: &str) -> AppStatusInfo {
    let (status_code, status) = on_the_wire(app.status);
    let app_id = app.id.as_str().to_owned();
    AppStatusInfo {
        image_url: images::url(base, &app.package, &app.catalog),
        customer_name: app_id.clone(),
        app_id,
        name: app.package,
        trade_mark: app.trademark,
        status_code,
        status,
        official_app: app.official,
    }
}

fn on_the_wire(status: Status) -> (wire::StatusCode, wire::Status) {
    match status {
        Status::Queuing => (wire::StatusCode::Queuing, wire::Status::Queuing),
        Status::Pulling => (wire::StatusCode::Pulling, wire::Status::Pulling),
        Status::Creating => (wire::StatusCode::Creating, wire::Status::Creating),
        Status::Initing => (wire::StatusCode::Initing, wire::Status::Initing),
        Status::Running => (wire::StatusCode::Running, wire::Status::Running),
        Status::Stop => (wire::StatusCode::Stop, wire::Status::Stop),
        Status::Error => (wire::StatusCode::Error, wire::Status::Error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_on_the_wire_are_the_domains() {
        for &status in Status::ALL {
            let (code, word) = on_the_wire(status);
            assert_eq!(serde_json::to_value(code).ok(), Some(status.code().into()));
            assert_eq!(serde_json::to_value(word).ok(), Some(status.as_str().into()));
        }
    }
}
