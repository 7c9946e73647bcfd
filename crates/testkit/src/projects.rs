//! Folders and compose processes in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use control::ports::{CommandError, InstalledText, Project, ProjectsError};
use domain::policy::{Ask, Wish};
use domain::{EnvFile, InstallId, Package, ProjectName, RenderedProject};

use crate::engine::{FakeEngine, UpError};

/// The folders of apps, and what brings them up on a [`FakeEngine`]. Cloning shares them.
#[derive(Clone)]
pub struct FakeProjects {
    folders: Arc<Mutex<BTreeMap<PathBuf, Folder>>>,
    asks: Arc<Mutex<BTreeMap<String, Vec<Ask>>>>,
    /// Renderings aside that do not end in time, from now on.
    late: Arc<AtomicUsize>,
    rendered_aside: Arc<AtomicUsize>,
    engine: FakeEngine,
}

#[derive(Clone, Debug)]
struct Folder {
    install: InstallId,
    project: Option<Project>,
}

impl FakeProjects {
    /// No folders yet.
    #[must_use]
    pub fn on(engine: FakeEngine) -> Self {
        let (late, rendered_aside) = Default::default();
        Self { folders: Arc::default(), asks: Arc::default(), late, rendered_aside, engine }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Folder>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folders that are there.
    #[must_use]
    pub fn all(&self) -> Vec<PathBuf> {
        self.lock().keys().cloned().collect()
    }

    /// What was written into that folder.
    #[must_use]
    pub fn written(&self, folder: &Path) -> Option<Project> {
        self.lock().get(folder).and_then(|folder| folder.project.clone())
    }

    /// Lets a package, by its name or its compose file, ask for something of the host.
    pub fn ask(&self, package: &str, service: &str, what: Wish) {
        let ask = Ask { service: service.to_owned(), what };
        let mut asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner);
        asks.entry(package.to_owned()).or_default().push(ask);
    }

    /// Lets so many of the next renderings aside not end in time.
    pub fn be_late(&self, times: usize) {
        self.late.store(times, Ordering::SeqCst);
    }

    /// How many projects were rendered aside so far.
    #[must_use]
    pub fn count_rendered_aside(&self) -> usize {
        self.rendered_aside.load(Ordering::SeqCst)
    }

    pub(crate) fn rendered_aside(&self, project: &Project) -> Result<RenderedProject, CommandError> {
        self.rendered_aside.fetch_add(1, Ordering::SeqCst);
        let less = |late: usize| late.checked_sub(1);
        match self.late.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
            Ok(_) => Err(CommandError::TimedOut { seconds: 30 }),
            Err(_) => Ok(self.rendered(project)),
        }
    }

    pub(crate) fn rendered(&self, project: &Project) -> RenderedProject {
        let asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner);
        let Package { name, compose, .. } = &*project.package;
        let asks = [name, compose].into_iter().filter_map(|key| asks.get(key)).flatten().cloned().collect();
        RenderedProject { folder: project.folder.clone(), asks, ..RenderedProject::default() }
    }

    /// The value of a variable in the folder of that project, as it is written.
    #[must_use]
    pub fn variable(&self, project: &str, name: &str) -> Option<String> {
        let folders = self.lock();
        let written = folders.get(&Self::folder(&ProjectName::from_text(project)))?.project.as_ref()?;
        let found = written.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.reveal().to_owned())
    }

    pub(crate) fn engine(&self) -> &FakeEngine {
        &self.engine
    }

    pub(crate) fn folder(name: &ProjectName) -> PathBuf {
        PathBuf::from("/fake/apps").join(name.as_str())
    }

    pub(crate) fn create_folder(&self, folder: &Path, install: &InstallId) -> Result<(), ProjectsError> {
        let mut folders = self.lock();
        let found = folders
            .entry(folder.to_owned())
            .or_insert_with(|| Folder { install: install.clone(), project: None });
        if found.install == *install {
            return Ok(());
        }
        Err(refused("create", folder, std::io::ErrorKind::AlreadyExists))
    }

    pub(crate) fn write(&self, project: &Project) -> Result<(), ProjectsError> {
        match self.lock().get_mut(&project.folder) {
            Some(folder) if folder.install == project.install => {
                folder.project = Some(project.clone());
                Ok(())
            }
            _ => Err(refused("write", &project.folder, std::io::ErrorKind::NotFound)),
        }
    }

    pub(crate) fn remove_folder(&self, folder: &Path, install: &InstallId) {
        self.lock().retain(|path, found| path != folder || found.install != *install);
    }

    pub(crate) fn installed_text(&self, folder: &Path) -> Option<InstalledText> {
        let folders = self.lock();
        let written = folders.get(folder).and_then(|folder| folder.project.as_ref())?;
        let env = Some(EnvFile::of(written.env_text()));
        Some(InstalledText { compose: written.package.compose.clone(), env })
    }

    /// Brings up what was written, not what is asked for: the two must be the same.
    pub(crate) fn up(&self, project: &Project, is_started: bool) -> Result<(), CommandError> {
        let written = self.lock().get(&project.folder).and_then(|folder| folder.project.clone());
        if written.map(on_disk) != Some(on_disk(project.clone())) {
            let words = "the folder was not written, or holds something else".to_owned();
            return Err(CommandError::Failed { words });
        }
        self.engine.up(project, is_started).map_err(|error| match error {
            UpError::Away => CommandError::EngineUnreachable { words: "cannot connect".to_owned() },
            UpError::NoVolume(name) => {
                CommandError::Failed { words: format!("external volume \"{name}\" not found") }
            }
            UpError::NoImage(image) => CommandError::Failed { words: format!("No such image: {image}") },
            UpError::PortTaken(port) => {
                CommandError::PortTaken { port, words: "port is already allocated".to_owned() }
            }
        })
    }
}

/// A project as its files are: what they were written from makes no difference.
fn on_disk(project: Project) -> (String, Project) {
    let package = Package { env: None, files: Vec::new(), fingerprint: None, ..(*project.package).clone() };
    (project.env_text(), Project { package: Arc::new(package), ..project })
}

pub(crate) fn refused(action: &'static str, path: &Path, kind: std::io::ErrorKind) -> ProjectsError {
    ProjectsError { action, path: path.to_owned(), source: kind.into() }
}
