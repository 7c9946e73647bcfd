//! AppStart, AppStop, AppRestart, AppRestore, AppPurge, AppAdopt: each takes an app and answers with it. The work goes on in the
//! background.

use domain::ErrorCode;
use wire::{AppIdInfo, AppIdParameters};

use crate::error::Refusal;
use crate::interface::{Call, Interface};

/// An interface of that form, over the use case of that name; `$absent` is the code where there is no such app,
/// and `$more` are those that it has beside the others'.
macro_rules! verb {
    ($interface:ident, $name:literal, $summary:literal, $use_case:ident, $absent:expr $(, $more:expr)?) => {
        pub(crate) struct $interface;

        impl Interface for $interface {
            const NAME: &'static str = $name;
            const SUMMARY: &'static str = $summary;
            const CHANGES: bool = true;
            const PARAMETERS: &'static [&'static str] = &["app_id"];
            const CODES: &'static [ErrorCode] = &[
                ErrorCode::AppIdBlank,
                ErrorCode::AppIdFormat,
                $absent,
                ErrorCode::ContainerCommandError,
                ErrorCode::AppBusy,
                $($more,)?
            ];
            type Parameters = AppIdParameters;
            type Data = AppIdInfo;
            type Item = AppIdInfo;

            fn example() -> AppIdInfo {
                AppIdInfo { app_id: "myblog".into() }
            }

            async fn answer(call: &Call<'_>) -> Result<AppIdInfo, Refusal> {
                let app_id = call.parameters.required("app_id", ErrorCode::AppIdBlank)?;
                let app_id = call.control.$use_case(app_id).await?;
                Ok(AppIdInfo { app_id: app_id.to_string() })
            }
        }
    };
}

verb!(
    AppStart,
    "AppStart",
    "Start an app. Answers at once; the status follows. Nothing is done to an app that runs.",
    start,
    ErrorCode::AppNotExis
);
verb!(
    AppStop,
    "AppStop",
    "Stop an app. Answers at once; the status follows. Nothing is done to an app that is stopped.",
    stop,
    ErrorCode::AppNotExis
);
verb!(
    AppRestart,
    "AppRestart",
    "Stop an app and start it again. Answers at once; the status follows.",
    restart,
    ErrorCode::AppNotExis
);
verb!(
    AppRestore,
    "AppRestore",
    "Bring an app back from the recycle bin, under its old name, with its data and passwords. Answers at once.",
    restore,
    ErrorCode::AppNotInTrash
);
verb!(
    AppPurge,
    "AppPurge",
    "Delete an app that lies in the recycle bin for good, with all its data. Answers at once.",
    purge,
    ErrorCode::AppNotInTrash
);
verb!(
    AppAdopt,
    "AppAdopt",
    "Bring a compose project that this server did not install under management, without touching its containers.",
    adopt,
    ErrorCode::AppNotExis,
    ErrorCode::AppManaged
);
