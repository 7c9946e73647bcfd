//! Which app of a catalog has a package's name: the first whose package can be read. Catalogs that clash with each other
//! are told apart elsewhere.

use std::collections::BTreeMap;

/// The names that are given, each with the app that has it.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Gives a name to an app.
    ///
    /// # Errors
    /// Who has it already, for people.
    pub fn give(&mut self, name: &str, app: &str) -> Result<(), String> {
        self.check(name)?;
        self.0.insert(name.to_owned(), app.to_owned());
        Ok(())
    }

    /// Whether it can be given.
    ///
    /// # Errors
    /// As for [`Names::give`].
    pub(crate) fn check(&self, name: &str) -> Result<(), String> {
        match self.0.get(name) {
            Some(other) => Err(format!("the app {other:?} is called {name:?} already")),
            None => Ok(()),
        }
    }
}
