//! How packages are called: `wordpress`, or `wordpress@websoft9` where the catalog is told too.

use std::fmt;

/// Separates the two in `package@catalog`.
const SEPARATOR: char = '@';

/// A package's name, and the catalog's where it is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageName {
    /// The package's.
    pub name: String,
    /// The catalog's; `None`: the first catalog that has such a package, in the order of preference.
    pub catalog: Option<String>,
}

impl PackageName {
    /// The catalog of the packages that ship with the server.
    pub const BUILT_IN: &'static str = "builtin";
    /// The catalog of the administrator's own packages, in the folder that the settings name.
    pub const LOCAL: &'static str = "local";

    /// Reads what people write, without regard to ASCII case. What no package can be called is taken too: nobody has it.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        match text.rsplit_once(SEPARATOR) {
            Some((name, catalog)) => Self { name: name.to_owned(), catalog: Some(catalog.to_owned()) },
            None => Self { name: text, catalog: None },
        }
    }

    /// That package of that catalog and no other.
    #[must_use]
    pub fn of(name: &str, catalog: &str) -> Self {
        Self { name: name.to_owned(), catalog: Some(catalog.to_owned()) }
    }

    /// Whether a package of that name in that catalog is meant, or may be.
    #[must_use]
    pub fn fits(&self, name: &str, catalog: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) && self.catalog.as_deref().is_none_or(|wanted| wanted == catalog)
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.catalog.as_ref().map_or(Ok(()), |catalog| write!(f, "{SEPARATOR}{catalog}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_tell_its_catalog_and_is_read_in_any_case() {
        let bare = PackageName::parse("WordPress");
        assert_eq!((bare.to_string().as_str(), &bare.catalog), ("wordpress", &None));
        assert!(bare.fits("wordpress", "builtin") && bare.fits("wordpress", "websoft9"));
        let full = PackageName::parse("wordpress@Websoft9");
        assert_eq!(full, PackageName::of("wordpress", "websoft9"));
        assert!(full.fits("wordpress", "websoft9") && !full.fits("wordpress", "builtin"));
        assert_eq!(PackageName::parse(&full.to_string()), full);
        assert!(!PackageName::parse("@").fits("wordpress", "builtin"));
    }
}
