//! AppDetail: all that is known of one app, what exactly was installed included.

use domain::{AppImage, ErrorCode};
use wire::{AppImageInfo, AppStatusParameters, InstalledAppInfo};

use super::app_list::{AppList, detail_info};
use crate::error::Refusal;
use crate::interface::{Call, Interface};

pub(crate) struct AppDetail;

impl Interface for AppDetail {
    const NAME: &'static str = "AppDetail";
    const SUMMARY: &'static str =
        "Tell all that is known of one app: what AppList tells of it, and what exactly was installed.";
    const CHANGES: bool = false;
    const PARAMETERS: &'static [&'static str] = &["app_id"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppIdBlank,
        ErrorCode::AppIdFormat,
        ErrorCode::AppNotExis,
        ErrorCode::ContainerCommandError,
    ];
    type Parameters = AppStatusParameters;
    type Data = InstalledAppInfo;
    type Item = InstalledAppInfo;

    fn example() -> InstalledAppInfo {
        InstalledAppInfo {
            detail: AppList::example().swap_remove(0),
            version: "6.8".into(),
            catalog: "builtin".into(),
            images: vec![AppImageInfo {
                image: "wordpress:6.8".into(),
                digest: "sha256:9f1ad0ab1f28ff1b1a7a3e3ba4b1c2b5cf13b7ad2b1f8b8b1d5b2f1de3c1a2b3".into(),
                image_id: "sha256:4c7f0e5d8b1e6a4b1f2f6a0a9d3b7f7ce0f04a5c1d7e9b8a6c5d4e3f2a1b0c9d".into(),
            }],
        }
    }

    async fn answer(call: &Call<'_>) -> Result<InstalledAppInfo, Refusal> {
        let app = call.control.app_detail(call.parameters.required("app_id", ErrorCode::AppIdBlank)?)?;
        Ok(InstalledAppInfo {
            detail: detail_info(app.detail, call),
            version: app.package.version,
            catalog: app.package.catalog,
            images: app.images.into_iter().map(image_info).collect(),
        })
    }
}

fn image_info(AppImage { image, digest, id }: AppImage) -> AppImageInfo {
    AppImageInfo { image, digest: digest.unwrap_or_default(), image_id: id }
}
