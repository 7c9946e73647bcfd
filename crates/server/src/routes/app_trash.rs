//! AppTrash: what lies in the recycle bin.

use domain::ErrorCode;
use wire::{NoParameters, TrashedAppInfo};

use crate::details::rfc3339;
use crate::error::{Nothing, Refusal};
use crate::interface::{Call, Interface};
use crate::routes::images;

pub(crate) struct AppTrash;

impl Interface for AppTrash {
    const NAME: &'static str = "AppTrash";
    const SUMMARY: &'static str = "List the apps in the recycle bin, and when each will be deleted for good.";
    const CHANGES: bool = false;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &[];
    const CODES: &'static [ErrorCode] = &[];
    type Parameters = NoParameters;
    type Data = Vec<TrashedAppInfo>;
    type Item = TrashedAppInfo;

    fn example() -> Vec<TrashedAppInfo> {
        vec![TrashedAppInfo {
            app_id: "myblog".into(),
            name: "wordpress".into(),
            trade_mark: "WordPress".into(),
            version: "6.8".into(),
            image_url: "/images/wordpress.svg".into(),
            trashed_at: "2026-11-22T08:00:00Z".into(),
            purged_at: "2026-12-22T08:00:00Z".into(),
        }]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<TrashedAppInfo>, Refusal> {
        let info = |app: control::TrashedApp| TrashedAppInfo {
            app_id: app.id.to_string(),
            image_url: images::url(call.base, &app.package, &app.catalog),
            name: app.package,
            trade_mark: app.trademark,
            version: app.version,
            trashed_at: rfc3339(app.trashed_at),
            purged_at: rfc3339(app.purged_at),
        };
        Ok(call.control.app_trash().into_iter().map(info).collect())
    }
}
