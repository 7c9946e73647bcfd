//! The packages that ship inside the binary: the folder `packages/` of the repository.

use std::collections::BTreeSet;

use domain::PackageName;
use domain::package::IconKind;
use rust_embed::RustEmbed;

use crate::source::{Source, SourceFiles};

#[derive(RustEmbed)]
#[folder = "../../packages/"]
struct Packages;

/// Every package that ships in the binary, by name.
pub(crate) fn sources() -> Vec<Source> {
    let names: BTreeSet<String> =
        Packages::iter().filter_map(|path| path.split_once('/').map(|(name, _)| name.to_owned())).collect();
    names
        .into_iter()
        .map(|name| {
            let file =
                |file: &str| Packages::get(&format!("{name}/{file}")).map(|file| file.data.into_owned());
            let compose = file("compose.yaml").unwrap_or_default();
            let icon = file("icon.svg").map(|icon| (IconKind::Svg, icon));
            let files = Ok(SourceFiles { compose, icon, ..SourceFiles::default() });
            Source { name, catalog: PackageName::BUILT_IN.to_owned(), official: true, files }
        })
        .collect()
}
