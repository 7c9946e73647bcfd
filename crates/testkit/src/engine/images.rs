//! The images of the engine, and what the registry has under their names.

use std::collections::{BTreeMap, HashMap, HashSet};

use control::ports::{EngineError, EngineImage};

use super::FakeEngine;

/// The images.
#[derive(Default)]
pub(super) struct Images {
    /// What each name means on the engine.
    named: BTreeMap<String, EngineImage>,
    /// Those that nothing is named after any more, but containers may be made of.
    nameless: Vec<EngineImage>,
    /// How often the registry's image of a name has been replaced.
    editions: HashMap<String, u32>,
    /// Names of which no registry has anything.
    built: HashSet<String>,
}

impl Images {
    /// Takes what the registry has under that name now, and tells its identifier.
    pub(super) fn pull(&mut self, name: &str) -> String {
        let edition = self.editions.get(name).copied().unwrap_or_default();
        let id = format!("sha256:{name}-{edition}");
        let digest = format!("{name}@sha256:published-{name}-{edition}");
        let repo_digests = if self.built.contains(name) { Vec::new() } else { vec![digest] };
        let before = self.named.insert(name.to_owned(), EngineImage { id: id.clone(), repo_digests });
        self.nameless.extend(before.filter(|before| before.id != id));
        id
    }

    /// The identifier of what that name means, which is pulled if it is not there.
    pub(super) fn id_of(&mut self, name: &str) -> String {
        let found = self.named.get(name).map(|image| image.id.clone());
        found.unwrap_or_else(|| self.pull(name))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.named.contains_key(name)
    }

    pub(super) fn clear(&mut self) {
        self.named.clear();
        self.nameless.clear();
    }

    fn find(&self, name: &str) -> Option<EngineImage> {
        let by_id = || self.named.values().chain(&self.nameless).find(|image| image.id == name);
        self.named.get(name).or_else(by_id).cloned()
    }
}

impl FakeEngine {
    /// Publishes another image under that name: the next pull gets it.
    pub fn publish_anew(&self, image: &str) {
        *self.state().images.editions.entry(image.to_owned()).or_default() += 1;
    }

    /// The same, and somebody has pulled it: the name means something else from now on.
    pub fn move_tag(&self, image: &str) {
        self.publish_anew(image);
        self.state().images.pull(image);
    }

    /// Has an image of that name that was built on the engine, and is in no registry.
    pub fn build_image(&self, image: &str) {
        self.state().images.built.insert(image.to_owned());
    }

    pub(crate) fn image(&self, name: &str) -> Result<Option<EngineImage>, EngineError> {
        Ok(self.reachable()?.images.find(name))
    }
}
