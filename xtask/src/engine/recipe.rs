//! The images there are, and the key of each: the digest of all that its content depends on.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::paths;

/// Raised when the way of building changes, so that no image of the old way is taken for one of the new.
const WAY_OF_BUILDING: u32 = 1;

/// An image as the tests and the demo know it.
#[derive(Debug)]
pub(crate) struct Image {
    /// Its folder in `testenv/images`, and its name on the command line.
    pub(crate) name: &'static str,
    /// Its repository as Docker Hub names it.
    pub(crate) repository: &'static str,
    /// Each is built by itself, with the build argument TAG.
    pub(crate) tags: &'static [&'static str],
}

/// The image that all others are built on. It has no Dockerfile: `base` makes it.
pub(crate) const BASE: Image = Image { name: "base", repository: "appmanage/base", tags: &["12"] };

/// The longest to build come first: two are built at a time.
pub(crate) const IMAGES: [Image; 8] = [
    Image { name: "node-red", repository: "nodered/node-red", tags: &["3", "3.1"] },
    Image { name: "wordpress", repository: "library/wordpress", tags: &["6.1", "6"] },
    Image { name: "postgres", repository: "library/postgres", tags: &["15"] },
    Image { name: "datasette", repository: "datasetteproject/datasette", tags: &["0.65.1", "latest"] },
    Image { name: "mariadb", repository: "library/mariadb", tags: &["10.11"] },
    Image { name: "nginx", repository: "library/nginx", tags: &["1.22", "latest"] },
    Image { name: "redis", repository: "library/redis", tags: &["7.0", "7"] },
    Image { name: "hello", repository: "appmanage/hello", tags: &["1", "2"] },
];

/// The images of these names, or all.
pub(crate) fn select(names: Option<&[String]>) -> Result<Vec<&'static Image>> {
    let Some(names) = names else { return Ok(IMAGES.iter().collect()) };
    for name in names {
        if !IMAGES.iter().any(|image| image.name == name) {
            let known: Vec<&str> = IMAGES.iter().map(|image| image.name).collect();
            bail!("there is no image `{name}`; there are {}", known.join(", "));
        }
    }
    Ok(IMAGES.iter().filter(|image| names.iter().any(|name| name == image.name)).collect())
}

/// The folder that an image is built from.
pub(crate) fn folder(repository: &Path, image: &Image) -> PathBuf {
    repository.join("testenv/images").join(image.name)
}

/// The key of an image that is built from a folder, on the base with the key `base`.
pub(crate) fn key(repository: &Path, image: &Image, base: &str) -> Result<String> {
    let mut recipe = format!("{WAY_OF_BUILDING}\n{base}\n{}\n{:?}\n", image.repository, image.tags);
    let folder = folder(repository, image);
    for file in files(&folder)? {
        let content = std::fs::read(folder.join(&file))
            .with_context(|| format!("{} cannot be read", file.display()))?;
        recipe.push_str(&format!("{} {}\n", file.display(), paths::sha256(content)));
    }
    Ok(paths::sha256(recipe)[..16].to_owned())
}

/// The key of the base image: the arguments that make it.
pub(crate) fn base_key(arguments: &[String]) -> String {
    paths::sha256(format!("{WAY_OF_BUILDING}\n{}", arguments.join("\n")))[..16].to_owned()
}

/// The files of a folder and its folders, sorted, named from the folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(inside) = open.pop() {
        let path = folder.join(&inside);
        let entries =
            std::fs::read_dir(&path).with_context(|| format!("{} cannot be listed", path.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = inside.join(entry.file_name());
            if entry.file_type()?.is_dir() { open.push(name) } else { found.push(name) }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_image_has_a_recipe() {
        let repository = paths::repository().unwrap();
        for image in &IMAGES {
            assert!(folder(&repository, image).join("Dockerfile").is_file(), "{}", image.name);
        }
    }

    #[test]
    fn every_folder_is_an_image() {
        let repository = paths::repository().unwrap();
        for entry in std::fs::read_dir(repository.join("testenv/images")).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            assert!(IMAGES.iter().any(|image| image.name == name), "{name} is in no table");
        }
    }

    #[test]
    fn a_changed_file_or_base_changes_the_key() {
        let repository = std::env::temp_dir().join(format!("xtask-recipe-{}", std::process::id()));
        let folder = folder(&repository, &IMAGES[0]);
        std::fs::create_dir_all(folder.join("inner")).unwrap();
        std::fs::write(folder.join("Dockerfile"), "FROM a").unwrap();
        let before = key(&repository, &IMAGES[0], "base").unwrap();
        assert_eq!(key(&repository, &IMAGES[0], "base").unwrap(), before);
        assert_ne!(key(&repository, &IMAGES[0], "other").unwrap(), before);
        std::fs::write(folder.join("inner/file"), "x").unwrap();
        assert_ne!(key(&repository, &IMAGES[0], "base").unwrap(), before);
        std::fs::remove_dir_all(repository).unwrap();
    }

    #[test]
    fn an_unknown_image_is_told_with_the_known_ones() {
        let error = select(Some(&["mysql".to_owned()])).unwrap_err().to_string();
        assert!(error.contains("mysql") && error.contains("redis"), "{error}");
        assert_eq!(select(None).unwrap().len(), IMAGES.len());
    }
}
