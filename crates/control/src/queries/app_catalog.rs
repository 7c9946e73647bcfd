//! AppCatalog and AppCatalogDetail: what can be installed.

use std::sync::Arc;

use domain::Package;
use domain::package::Icon;

use crate::policy::PolicyReport;
use crate::ports::CatalogEntry;
use crate::recorder::off_the_runtime;
use crate::{Control, Error};

/// Which packages are asked for.
#[derive(Clone, Debug, Default)]
pub struct CatalogFilter {
    /// Words, each of which stands somewhere in what people read of the package; without regard to case.
    pub search: String,
    /// One of the package's categories, without regard to case.
    pub category: Option<String>,
    /// Only packages of that catalog.
    pub catalog: Option<String>,
    /// Only packages after that one, `name@catalog`; without a catalog, after all of that name.
    pub after: Option<String>,
    /// That many at most.
    pub limit: usize,
}

/// All that is known of a package.
#[derive(Clone, Debug)]
pub struct CatalogPackage {
    /// Itself.
    pub package: Arc<Package>,
    /// What lists show of it.
    pub entry: CatalogEntry,
    /// What it may do, as far as that is known.
    pub policy: PolicyReport,
    /// What was left out of it or changed in it when it was translated, for people.
    pub remarks: Vec<String>,
}

impl Control {
    /// The packages that fit, by name and catalog, each with what is known of what it may do.
    #[must_use]
    pub fn app_catalog(&self, filter: &CatalogFilter) -> Vec<(Arc<CatalogEntry>, PolicyReport)> {
        let words: Vec<String> = filter.search.split_whitespace().map(str::to_lowercase).collect();
        let category = filter.category.as_ref().map(|category| category.to_lowercase());
        let fits = |entry: &&Arc<CatalogEntry>| {
            let is_of_category =
                |wanted: &String| entry.categories.iter().any(|known| known.to_lowercase() == *wanted);
            filter.after.as_ref().is_none_or(|after| is_after(entry, after))
                && filter.catalog.as_ref().is_none_or(|catalog| entry.catalog == *catalog)
                && category.as_ref().is_none_or(is_of_category)
                && words.iter().all(|word| entry.words.contains(word.as_str()))
        };
        let entries = self.catalog.entries();
        let found = entries.iter().filter(fits).take(filter.limit);
        found.map(|entry| (Arc::clone(entry), self.policy_of(entry))).collect()
    }

    /// One package, `name` or `name@catalog`, with what is known of what it may do.
    ///
    /// # Errors
    /// `AppUnknown`.
    pub async fn app_catalog_detail(&self, name: &str) -> Result<CatalogPackage, Error> {
        let unknown = || Error::AppUnknown { name: name.to_owned() };
        let package = self.find_package(name).await.ok_or_else(unknown)?;
        let entry = CatalogEntry::of(&package);
        let policy = self.policy_of(&entry);
        let (catalog, asked) = (Arc::clone(&self.catalog), Arc::clone(&package));
        let remarks = off_the_runtime(move || catalog.remarks(&asked)).await;
        Ok(CatalogPackage { package, entry, policy, remarks })
    }

    /// A package's own name and its icon, where it has one; `None` where there is no such package.
    pub async fn icon(&self, name: &str) -> Option<(String, Option<Icon>)> {
        let package = self.find_package(name).await?;
        Some((package.trademark.clone(), package.icon.clone()))
    }
}

/// Whether a package comes after that place of the list.
fn is_after(entry: &CatalogEntry, place: &str) -> bool {
    match place.split_once('@') {
        Some((name, catalog)) => (entry.name.as_str(), entry.catalog.as_str()) > (name, catalog),
        None => entry.name.as_str() > place,
    }
}
