//! Our own format, taken over as it is: a folder of packages, or a repository that has one in `packages/`.
//!
//! Whether a package is sound is the business of whoever reads it afterwards.

use crate::formats::{Icon, Translation, Tree, Untranslatable};

/// Where packages may be.
const PLACES: [&str; 2] = ["", "packages"];
/// What a package may show as its icon.
const ICON_LIMIT_BYTES: u64 = 256 << 10;

/// Whether that is a catalog of this format.
pub(super) fn detect(tree: &Tree) -> bool {
    place(tree).is_some()
}

/// Its packages.
pub(super) fn apps(tree: &Tree) -> Vec<String> {
    place(tree).map(|place| packages(&tree.below(place))).unwrap_or_default()
}

/// One package, word for word.
pub(super) fn read(tree: &Tree, name: &str) -> Result<Translation, Untranslatable> {
    // Where this one is: looking for the place of all would read every package for each.
    let places = PLACES.map(|place| tree.below(place).below(name));
    let folder = places.iter().find(|folder| has_compose_file(folder)).unwrap_or(&places[0]);
    let compose = folder.text("compose.yaml")?;
    let compose = compose.ok_or_else(|| Untranslatable::Unreadable("compose.yaml is missing".to_owned()))?;
    let mut icon = None;
    for extension in ["svg", "png", "jpg", "webp"] {
        let file = folder.bytes(&format!("icon.{extension}"), ICON_LIMIT_BYTES)?;
        icon = icon.or_else(|| file.map(|bytes| Icon { extension, bytes }));
    }
    let files = folder.below("files").collect("")?;
    Ok(Translation {
        name: name.to_owned(),
        compose,
        env: folder.text(".env")?,
        files,
        icon,
        remarks: Vec::new(),
    })
}

fn place(tree: &Tree) -> Option<&'static str> {
    let has_package = |folder: &Tree| packages(folder).iter().any(|name| is_ours(&folder.below(name)));
    PLACES.into_iter().find(|place| has_package(&tree.below(place)))
}

fn is_ours(folder: &Tree) -> bool {
    folder.text("compose.yaml").is_ok_and(|text| text.is_some_and(|text| text.contains("x-appmanage:")))
}

/// The folders with a compose file.
fn packages(folder: &Tree) -> Vec<String> {
    let mut names = folder.folders("");
    names.retain(|name| has_compose_file(&folder.below(name)));
    names
}

/// One that cannot be read is there, and told of.
fn has_compose_file(folder: &Tree) -> bool {
    folder.text("compose.yaml").map_or(true, |text| text.is_some())
}
