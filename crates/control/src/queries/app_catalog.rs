//! AppCatalog and AppCatalogDetail: what can be installed.

use std::sync::Arc;

use domain::Package;

use crate::policy::PolicyReport;
use crate::{Control, Error};

/// Which packages are asked for.
#[derive(Clone, Debug, Default)]
pub struct CatalogFilter {
    /// Words, each of which stands somewhere in what people read of the package; without regard to case.
    pub search: String,
    /// One of the package's categories, without regard to case.
    pub category: Option<String>,
    /// Only packages after that name.
    pub after: Option<String>,
    /// That many at most.
    pub limit: usize,
}

impl Control {
    /// The packages that fit, by name, each with what is known of what it may do.
    #[must_use]
    pub fn app_catalog(&self, filter: &CatalogFilter) -> Vec<(Arc<Package>, PolicyReport)> {
        let words: Vec<String> = filter.search.split_whitespace().map(str::to_lowercase).collect();
        let category = filter.category.as_ref().map(|category| category.to_lowercase());
        let mut packages = self.catalog.all();
        packages.sort_by(|one, other| one.name.cmp(&other.name));
        let fits = |package: &Arc<Package>| {
            let is_of_category =
                |wanted: &String| package.categories.iter().any(|known| known.to_lowercase() == *wanted);
            filter.after.as_ref().is_none_or(|after| package.name > *after)
                && category.as_ref().is_none_or(is_of_category)
                && has_words(package, &words)
        };
        let found = packages.into_iter().filter(fits).take(filter.limit);
        found.map(|package| (Arc::clone(&package), self.policy_of(&package))).collect()
    }

    /// One package, with what is known of what it may do.
    ///
    /// # Errors
    /// `AppUnknown`.
    pub fn app_catalog_detail(&self, name: &str) -> Result<(Arc<Package>, PolicyReport), Error> {
        let package = self.catalog.find(name).ok_or_else(|| Error::AppUnknown { name: name.to_owned() })?;
        let policy = self.policy_of(&package);
        Ok((package, policy))
    }
}

/// Whether each word stands somewhere in what people read of the package.
fn has_words(package: &Package, words: &[String]) -> bool {
    let Package { name, trademark, description, categories, .. } = package;
    let texts = [name, trademark, &description.zh, &description.en].into_iter().chain(categories);
    let texts: Vec<String> = texts.map(|text| text.to_lowercase()).collect();
    words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}
