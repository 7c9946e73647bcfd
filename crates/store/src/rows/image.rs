//! What an app's containers were made of, as JSON.

use domain::AppImage;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct ImageRow {
    image: String,
    digest: Option<String>,
    id: String,
}

pub(crate) fn to_json(images: &[AppImage]) -> serde_json::Result<String> {
    serde_json::to_string(&images.iter().cloned().map(ImageRow::from).collect::<Vec<_>>())
}

impl From<AppImage> for ImageRow {
    fn from(AppImage { image, digest, id }: AppImage) -> Self {
        Self { image, digest, id }
    }
}

impl From<ImageRow> for AppImage {
    fn from(ImageRow { image, digest, id }: ImageRow) -> Self {
        Self { image, digest, id }
    }
}
