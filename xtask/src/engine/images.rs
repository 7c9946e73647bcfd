//! Sees to it that the clone's registry has every image: linked from the cache, or built.
//!
//! Images are built in an engine of their own, which is gone afterwards: an engine that tests use has pulled
//! nothing yet, so its pulls are real.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::place::Place;
use super::recipe::{BASE, Image, base_key, folder, key, select};
use super::registry::Registry;
use super::{base, dockerd, fragment, host_settings, leftovers};
use crate::command::run;
use crate::paths;
use crate::progress::Progress;

/// The engine that builds.
pub(crate) const BUILDER: &str = "build";

/// As many builds at once as a small machine can feed.
const WORKERS: usize = 2;

/// Puts the images of these names, or all, into the running registry.
pub(crate) fn ensure(repository: &Path, registry: &Registry, names: Option<&[String]>) -> Result<()> {
    let base = base_key(&base::arguments());
    let mut wanted = Vec::new();
    for image in select(names)? {
        wanted.push(Wanted { image, key: key(repository, image, &base)? });
    }
    let store = Store { registry, cache: paths::cache()?.join("images") };
    paths::create_folder(&store.cache)?;
    let missing = store.link(wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    // Another clone may be building the same; then it is in the cache when the lock is ours.
    let lock = File::create(store.cache.join("lock"))?;
    lock.lock().context("the lock of the image cache cannot be taken")?;
    let missing = store.link(missing)?;
    if missing.is_empty() { Ok(()) } else { build(repository, &store, base, missing) }
}

/// An image that the registry is to have, and the key of its present recipe.
struct Wanted {
    image: &'static Image,
    key: String,
}

/// Where images are kept.
struct Store<'a> {
    registry: &'a Registry,
    cache: PathBuf,
}

impl Store<'_> {
    fn fragment(&self, wanted: &Wanted) -> PathBuf {
        self.cache.join(format!("{}-{}", wanted.image.name, wanted.key))
    }

    /// Says that the registry has the image of this key.
    fn mark(&self, wanted: &Wanted) -> PathBuf {
        self.registry.marks().join(wanted.image.name)
    }

    fn is_there(&self, wanted: &Wanted) -> bool {
        std::fs::read_to_string(self.mark(wanted)).is_ok_and(|key| key == wanted.key)
    }

    /// Links from the cache what the registry has not; gives back what neither has.
    fn link(&self, wanted: Vec<Wanted>) -> Result<Vec<Wanted>> {
        let mut missing = Vec::new();
        for wanted in wanted {
            if self.is_there(&wanted) {
                continue;
            }
            if !self.fragment(&wanted).is_dir() {
                missing.push(wanted);
                continue;
            }
            let start = Instant::now();
            fragment::restore(&self.fragment(&wanted), wanted.image.repository, &self.registry.storage())?;
            paths::write(&self.mark(&wanted), &wanted.key)?;
            println!("{}", line(wanted.image, "from the cache in", start.elapsed()));
        }
        Ok(missing)
    }

    /// Keeps an image that was just pushed, and deletes what was kept of its older recipes.
    fn keep(&self, wanted: &Wanted) -> Result<()> {
        fragment::capture(&self.registry.storage(), wanted.image.repository, &self.fragment(wanted))?;
        paths::write(&self.mark(wanted), &wanted.key)?;
        let prefix = format!("{}-", wanted.image.name);
        for entry in std::fs::read_dir(&self.cache)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.strip_prefix(&prefix).is_some_and(|key| key != wanted.key && !key.contains('-')) {
                paths::remove_folder(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// Builds the missing images in an engine of their own.
fn build(repository: &Path, store: &Store, base: String, missing: Vec<Wanted>) -> Result<()> {
    let port = store.registry.port().context("the registry ended while images were to be built")?;
    let place = Place::new(repository, BUILDER)?;
    leftovers::clear(&place)?;
    let _gone = Gone(&place);
    dockerd::start(&place, port, &[])?;
    let context = place.folder.join("contexts");
    host_settings::write(&context.join("host"))?;
    let builder = Builder { place: &place, repository, port, context, progress: Progress::new() };

    let base = Wanted { image: &BASE, key: base };
    if let Some(base) = store.link(vec![base])?.pop() {
        builder.timed(&BASE, || {
            let name = builder.pushed_name(&BASE, BASE.tags[0]);
            base::build(&place, &name)?;
            builder.push(&name)?;
            store.keep(&base)
        })?;
    }
    // The builder looks for the base under its plain name, which the registry answers as the engine's mirror.
    let queue = Mutex::new(missing);
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let Some(wanted) = take_first(&queue) else { return Ok(()) };
                builder.timed(wanted.image, || {
                    builder.build(wanted.image)?;
                    store.keep(&wanted)
                })?;
            }
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        // Every worker is waited for before the first error is told.
        let results: Vec<_> =
            workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect();
        results.into_iter().collect()
    })
}

fn take_first(queue: &Mutex<Vec<Wanted>>) -> Option<Wanted> {
    let mut queue = queue.lock().expect("a worker does not panic");
    if queue.is_empty() { None } else { Some(queue.remove(0)) }
}

/// Clears the builder away however the building ended.
struct Gone<'a>(&'a Place);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        if let Err(error) = leftovers::clear(self.0) {
            eprintln!("the engine that built the images is not quite gone: {error:#}");
        }
    }
}

struct Builder<'a> {
    place: &'a Place,
    repository: &'a Path,
    port: u16,
    context: PathBuf,
    progress: Progress,
}

impl Builder<'_> {
    fn pushed_name(&self, image: &Image, tag: &str) -> String {
        format!("127.0.0.1:{}/{}:{tag}", self.port, image.repository)
    }

    fn push(&self, name: &str) -> Result<()> {
        run(dockerd::client(self.place).args(["push", "--quiet", name]))
    }

    /// Builds and pushes every tag of an image.
    fn build(&self, image: &Image) -> Result<()> {
        let context = self.context.join(image.name);
        copy_folder(&folder(self.repository, image), &context)?;
        copy_folder(&self.context.join("host"), &context.join("host"))?;
        for tag in image.tags {
            let name = self.pushed_name(image, tag);
            // The machine's own network, so that its names and its proxies work inside as they do outside.
            run(dockerd::client(self.place)
                .args([
                    "build",
                    "--quiet",
                    "--network=host",
                    "--tag",
                    &name,
                    "--build-arg",
                    &format!("TAG={tag}"),
                ])
                .args(host_settings::proxy_arguments())
                .arg(&context))
            .with_context(|| format!("the image {name} could not be built"))?;
            self.push(&name)?;
        }
        Ok(())
    }

    fn timed(&self, image: &Image, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let start = Instant::now();
        let running = self.progress.begin(&format!("building {}", image.name));
        let result = work();
        running.end();
        result?;
        self.progress.line(&line(image, "built in", start.elapsed()));
        Ok(())
    }
}

fn line(image: &Image, what: &str, time: Duration) -> String {
    format!("image {:<11} {what} {:.1} s", image.name, time.as_secs_f64())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    paths::create_folder(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("{} cannot be listed", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if std::fs::copy(entry.path(), &target).is_err() {
            bail!("{} cannot be copied to {}", entry.path().display(), target.display());
        }
    }
    Ok(())
}
