//! The picture of each package: its own icon, or a drawn monogram where it has none. Never blank.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::PackageName;
use domain::package::{Icon, IconKind};

use crate::Server;
use crate::context::Context;
use crate::error::Refusal;

/// The folder of the pictures, below the base.
pub(crate) const FOLDER: &str = "images";

/// Longest name of a package, with its catalog's, that a monogram is drawn for.
const NAME_BYTES_MAX: usize = 96;

/// An icon can come from a directory of the user's, out of anybody's hands: opened by itself it may draw,
/// but run no script and load nothing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Icons change with the server or its package directory: hardly ever, and an old one does no harm.
const CACHE_CONTROL: &str = "public, max-age=3600";

/// The path of a package's picture. It ends with `.svg` whatever the picture is: the contract says so.
pub(crate) fn url(base: &str, package: &str, catalog: &str) -> String {
    // The administrator's own override what ships: of them there is one for each name.
    let of = if [PackageName::BUILT_IN, PackageName::LOCAL, ""].contains(&catalog) {
        String::new()
    } else {
        format!("@{catalog}")
    };
    format!("{base}/{FOLDER}/{package}{of}.svg")
}

/// Serves one picture.
pub(crate) async fn image(
    State(server): State<Arc<Server>>,
    Extension(context): Extension<Context>,
    Path(file): Path<String>,
) -> Response {
    let Some(name) = file.strip_suffix(".svg").filter(|name| is_package_name(name)) else {
        return Refusal::NoSuchInterface.answer(&context);
    };
    let (trademark, icon) = server.control.icon(name).await.unzip();
    let icon = icon.flatten().unwrap_or_else(|| {
        let name = name.split('@').next().unwrap_or(name);
        let drawn = monogram(trademark.as_deref().unwrap_or(name), name);
        Icon { kind: IconKind::Svg, bytes: drawn.into_bytes() }
    });
    let headers = [
        // Whatever its path ends with: browsers go by the type.
        (header::CONTENT_TYPE, icon.kind.media_type()),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, CACHE_CONTROL),
    ];
    (headers, icon.bytes).into_response()
}

/// Any name that a package could have: an app's picture is there also when its package no longer is.
fn is_package_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@'))
}

/// A disc in a colour of the package's own with the first letter of its trademark.
fn monogram(trademark: &str, name: &str) -> String {
    // Letters and digits only, of any script: nothing that SVG would take for markup.
    let letter: String =
        trademark.chars().find(|c| c.is_alphanumeric()).map_or("?".into(), |c| c.to_uppercase().collect());
    let hue = name.bytes().fold(0_u32, |hue, byte| (hue * 31 + u32::from(byte)) % 360);
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="{letter}">"#,
            r#"<circle cx="32" cy="32" r="32" fill="hsl({hue},55%,42%)"/>"#,
            r##"<text x="32" y="43" text-anchor="middle" font-family="sans-serif" font-size="32" "##,
            r##"fill="#fff">{letter}</text></svg>"##,
        ),
        letter = letter,
        hue = hue
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monogram_holds_one_letter_and_no_markup() {
        assert!(monogram("WordPress", "wordpress").contains(">W</text>"));
        assert!(monogram("<script>", "x").contains(">S</text>"));
        assert!(monogram("博客", "x").contains(">博</text>"));
        assert!(monogram("<&\"", "x").contains(">?</text>"));
        assert_ne!(monogram("A", "a"), monogram("A", "b"), "each package has a colour of its own");
    }

    #[test]
    fn only_package_names_have_pictures() {
        assert!(is_package_name("node-red") && is_package_name("node-red@store"));
        for name in ["", "a/b", "<x>", "é", &"a".repeat(NAME_BYTES_MAX + 1)] {
            assert!(!is_package_name(name), "{name}");
        }
    }
}
