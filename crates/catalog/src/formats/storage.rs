//! Where apps of others keep their data: named volumes. What the catalog ships is mounted from `./files/`; a path of
//! the host stays what it is, for the policy to judge. Why volumes: docs/adr/0014.
//!
//! Of two folders of which one lies in the other, each is a volume; whoever mounts the outer one sees the inner one in
//! it, by a mount more. As folders of the host they would be a hole: what can write the outer one can make the inner
//! one a link to anywhere (`domain::policy` forbids it).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::formats::interpolation::escaped;
use crate::formats::known::Known;
use crate::formats::mount::Mount;
use crate::formats::{PackagedFile, Untranslatable, bounds};

#[path = "storage_env.rs"]
mod env;

type Object = Map<String, Value>;

/// Files that only keep an otherwise empty folder in a repository.
const KEEPERS: [&str; 3] = [".gitkeep", ".keep", ".gitignore"];
/// Ends of names of files that have to be there as files; a folder in their place breaks the app.
const FILE_ENDS: [&str; 26] = [
    "conf",
    "cnf",
    "cfg",
    "config",
    "ini",
    "toml",
    "yaml",
    "yml",
    "json",
    "xml",
    "properties",
    "env",
    "sh",
    "py",
    "php",
    "js",
    "sql",
    "txt",
    "pem",
    "crt",
    "key",
    "lua",
    "html",
    "template",
    "tmpl",
    "hcl",
];
/// Ends of names of databases in a file, which may begin as an empty one.
const DATABASE_ENDS: [&str; 3] = ["db", "sqlite", "sqlite3"];
/// The host's clock, which packages may not read: containers show UTC.
const CLOCKS: [&str; 3] = ["/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"];
/// Mounts of one app that show a folder in another: far more than people write, and few enough to start.
const SHOWN_LIMIT: usize = 100;
/// Beginnings of paths that mean the folder of the compose file.
const OWN_FOLDER: [&str; 3] = [".", "$PWD", "${PWD}"];

/// Bytes of files that become a part of the compose file: it may not be larger.
const CONTENTS_LIMIT_BYTES: usize = 256 << 10;

/// Where a mount's source is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Volume(String),
    /// Below the app's own folder.
    Own(String),
    /// Anything that is not the app's.
    Host,
    /// Nowhere: a volume without a name, memory.
    Nameless,
}

/// What the mounts of an app need.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    /// What goes below `files/`.
    pub(crate) files: BTreeMap<String, PackagedFile>,
}

struct Storage<'a> {
    known: &'a Known,
    prefixes: Vec<String>,
    shipped: &'a BTreeMap<String, PackagedFile>,
    /// Own paths with data that lie in another such path, and whether each is one file.
    inner: BTreeMap<String, bool>,
    /// Mounts that show one of them.
    shown: usize,
    /// Shipped paths that are mounted.
    mounted: BTreeSet<String>,
    /// Those of them that lie in another.
    nested: BTreeSet<String>,
    /// By own path, the volume.
    volumes: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    used: BTreeSet<String>,
    stored: Stored,
    /// Where a service sees the app's own `.env`: service and path.
    own_env: Vec<(String, String)>,
}

/// Makes the mounts of every service ones that a package may have.
///
/// # Errors
/// `Unsupported`: files would make the compose file too large.
pub(crate) fn clean(
    compose: &mut Object,
    prefixes: &[String],
    shipped: &BTreeMap<String, PackagedFile>,
    known: &Known,
    remarks: &mut Vec<String>,
) -> Result<Stored, Untranslatable> {
    let declared = match compose.remove("volumes") {
        Some(Value::Object(map)) => map,
        _ => Object::new(),
    };
    remark_drivers(&declared, remarks);
    let mut storage = Storage {
        known,
        prefixes: prefixes.to_vec(),
        shipped,
        inner: BTreeMap::new(),
        shown: 0,
        mounted: BTreeSet::new(),
        nested: BTreeSet::new(),
        volumes: BTreeMap::new(),
        taken: declared.keys().map(|name| slug(name)).collect(),
        used: BTreeSet::new(),
        stored: Stored::default(),
        own_env: Vec::new(),
    };
    let Some(Value::Object(services)) = compose.get_mut("services") else { return Ok(storage.stored) };
    storage.find_nested(services);
    for (name, service) in services.iter_mut() {
        let Value::Object(service) = service else { continue };
        storage.env_files(name, service, remarks);
        let volumes = service.remove("volumes");
        let written = storage.write_all(name, volumes.as_ref(), remarks);
        if !written.is_empty() {
            service.insert("volumes".to_owned(), Value::Array(written));
        }
    }
    contents(compose, &storage)?;
    env::show_own(compose, &storage.own_env, known);
    if storage.shown > SHOWN_LIMIT {
        remarks.push(format!(
            "more than {SHOWN_LIMIT} of its folders lie in each other: the rest are not shown there"
        ));
    }
    if !storage.used.is_empty() {
        let volumes: Object = storage.used.into_iter().map(|name| (name, json!({}))).collect();
        compose.insert("volumes".to_owned(), Value::Object(volumes));
    }
    Ok(storage.stored)
}

fn remark_drivers(declared: &Object, remarks: &mut Vec<String>) {
    for (name, volume) in declared {
        let external = volume.get("external").is_some_and(|value| *value != json!(false));
        let options = volume.get("driver_opts").and_then(Value::as_object).is_some_and(|map| !map.is_empty());
        let driver = volume.get("driver").and_then(Value::as_str).is_some_and(|driver| driver != "local");
        if external || options || driver {
            remarks.push(format!("volume {name} is an ordinary one of the app's own"));
        }
    }
}

/// Configs and secrets from files that the catalog ships: with their content in the file.
fn contents(compose: &mut Object, storage: &Storage<'_>) -> Result<(), Untranslatable> {
    let mut bytes = 0;
    for kind in ["configs", "secrets"] {
        for source in
            compose.get_mut(kind).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
        {
            let Value::Object(source) = source else { continue };
            let Some(path) = source.get("file").and_then(Value::as_str) else { continue };
            let Source::Own(path) = storage.locate(path, &storage.known.settle(path).text) else { continue };
            if let Some(text) =
                storage.shipped.get(&path).and_then(|file| std::str::from_utf8(&file.bytes).ok())
            {
                bytes += text.len();
                bounds::check_count("bytes in configs and secrets", bytes, CONTENTS_LIMIT_BYTES)?;
                source.remove("file");
                source.insert("content".to_owned(), json!(escaped(text)));
            }
        }
    }
    Ok(())
}

impl Storage<'_> {
    /// The mounts of a service and their sources, but for those that another of them shows as well at the same place.
    fn mounts(&self, volumes: Option<&Value>) -> Vec<(Mount, Source)> {
        let located = |mount: Mount| {
            let source = self.locate(&mount.written, &mount.source);
            (mount, source)
        };
        let all: Vec<(Mount, Source)> = Mount::of(volumes, self.known).into_iter().map(located).collect();
        let is_shown = |mount: &Mount, path: &str| {
            all.iter().any(|(other, source)| {
                let Source::Own(outer) = source else { return false };
                let (below, is_open) = (inside(path, outer), !other.read_only || mount.read_only);
                is_open && below.is_some() && below == inside(&mount.target, other.place())
            })
        };
        let is_shown = |(mount, source): &&(Mount, Source)| match source {
            Source::Own(path) => is_shown(mount, path),
            _ => false,
        };
        all.iter().filter(|one| !is_shown(one)).cloned().collect()
    }

    /// Notes the paths that lie in each other: of data the inner ones, and of shipped ones.
    fn find_nested(&mut self, services: &Object) {
        let (mut data, mut shipped) = (BTreeMap::new(), BTreeSet::new());
        for service in services.values() {
            for (mount, source) in self.mounts(service.get("volumes")) {
                let Source::Own(path) = source else { continue };
                let is_file = has_end(&path, &mount.target, &DATABASE_ENDS);
                if self.is_shipped(&path) {
                    shipped.insert(path);
                } else if is_file || !has_end(&path, &mount.target, &FILE_ENDS) {
                    data.insert(path, is_file);
                }
            }
        }
        let is_shipped_within = |path: &String| holders(path).any(|holder| shipped.contains(holder));
        self.nested = shipped.iter().filter(|path| is_shipped_within(path)).cloned().collect();
        let holds = |holder: &str| data.get(holder) == Some(&false) || shipped.contains(holder);
        let is_within = |path: &str| holders(path).any(holds);
        let inner = data.iter().filter(|(path, _)| is_within(path));
        self.inner = inner.map(|(path, is_file)| (path.clone(), *is_file)).collect();
        self.mounted = shipped;
    }

    /// The mounts of a service, with those that show in its folders what lies in them.
    fn write_all(&mut self, service: &str, volumes: Option<&Value>, remarks: &mut Vec<String>) -> Vec<Value> {
        let mounts = self.mounts(volumes);
        let mut places: BTreeSet<String> = mounts.iter().map(|(mount, _)| mount.place().to_owned()).collect();
        let mut written = Vec::new();
        for (mount, source) in &mounts {
            let shown = self.show_inner(mount, source, &mut places);
            // The engine has to make the places in it that the others are mounted at.
            let has_more = match source {
                Source::Own(outer) => self.inner_of(outer).next().is_some(),
                _ => false,
            };
            let entry = if mount.read_only && has_more {
                remarks.push(format!(
                    "{service} may write to {}, which its catalog lets it only read: other folders of the app are \
                     shown in it",
                    mount.target
                ));
                self.write(service, &mount.writable(), source, remarks)
            } else {
                self.write(service, mount, source, remarks)
            };
            for entry in entry.into_iter().chain(shown) {
                if !written.contains(&entry) {
                    written.push(entry);
                }
            }
        }
        written
    }

    /// The paths with data in a folder, each with where it lies there and whether it is one file.
    fn inner_of<'p>(&'p self, outer: &'p str) -> impl Iterator<Item = (&'p str, &'p str, bool)> {
        let first = if outer.is_empty() { String::new() } else { format!("{outer}/") };
        let inner = self.inner.range(first..);
        inner.map_while(move |(path, is_file)| Some((path.as_str(), inside(path, outer)?, *is_file)))
    }

    /// The mounts that show in a folder what lies in it. `places` are those of the service that are taken.
    fn show_inner(&mut self, mount: &Mount, source: &Source, places: &mut BTreeSet<String>) -> Vec<Value> {
        let Source::Own(outer) = source else { return Vec::new() };
        let owned = |(path, below, is_file): (&str, &str, bool)| (path.to_owned(), below.to_owned(), is_file);
        let inner: Vec<_> = self.inner_of(outer).take(SHOWN_LIMIT + 1).map(owned).collect();
        let mut shown = Vec::new();
        for (path, below, is_file) in inner {
            if !places.insert(format!("{}/{below}", mount.place())) {
                continue;
            }
            self.shown += 1;
            if self.shown > SHOWN_LIMIT {
                break;
            }
            let source = if is_file { self.empty_file(&path) } else { self.volume(&path) };
            // The engine has to make places in it, too.
            let holds_more = self.inner_of(&path).next().is_some();
            shown.push(mount.show(&source, &below, mount.read_only && !holds_more));
        }
        shown
    }

    fn write(
        &mut self,
        service: &str,
        mount: &Mount,
        source: &Source,
        remarks: &mut Vec<String>,
    ) -> Option<Value> {
        let source = match source {
            Source::Nameless
                if mount.long.as_ref().is_some_and(|long| long.get("type") == Some(&json!("tmpfs"))) =>
            {
                return mount.long.clone().map(Value::Object);
            }
            Source::Nameless => {
                let name = self.unique(&format!("{service}-{}", last(&mount.target)), &mount.target);
                self.used.insert(name.clone());
                name
            }
            Source::Volume(_) if CLOCKS.contains(&mount.place()) => return None,
            Source::Volume(name) => {
                self.used.insert(slug(name));
                slug(name)
            }
            Source::Host
                if CLOCKS.iter().any(|clock| mount.source.trim_end_matches('/').starts_with(clock)) =>
            {
                return None;
            }
            Source::Host if mount.is_random() => return None,
            Source::Host => return Some(mount.on_host()),
            Source::Own(path) if path == ".env" && !self.known.env().is_empty() => {
                self.own_env.push((service.to_owned(), escaped(&mount.target)));
                return None;
            }
            Source::Own(path) if self.is_shipped(path) => {
                let place = place(path, self.nested.contains(path));
                self.ship(path, &place);
                format!("./files/{place}")
            }
            Source::Own(path) if has_end(path, &mount.target, &DATABASE_ENDS) => self.empty_file(path),
            Source::Own(path) if has_end(path, &mount.target, &FILE_ENDS) => {
                remarks.push(format!(
                    "nothing is mounted at {} of {service}: the catalog does not bring {path}",
                    mount.target
                ));
                return None;
            }
            Source::Own(path) => self.volume(path),
        };
        Some(mount.entry(&source))
    }

    /// The volume for an own path.
    fn volume(&mut self, path: &str) -> String {
        if let Some(name) = self.volumes.get(path) {
            return name.clone();
        }
        let name = self.unique(if path.is_empty() { "data" } else { path }, path);
        self.volumes.insert(path.to_owned(), name.clone());
        self.used.insert(name.clone());
        name
    }

    /// The file for an own path that a database begins from.
    fn empty_file(&mut self, path: &str) -> String {
        let empty = PackagedFile { bytes: Vec::new(), is_executable: false };
        let place = place(path, self.inner.contains_key(path));
        self.stored.files.insert(place.clone(), empty);
        format!("./files/{place}")
    }

    /// Where a source is, as written and as settled.
    fn locate(&self, written: &str, settled: &str) -> Source {
        if settled.is_empty() && written.is_empty() {
            return Source::Nameless;
        }
        let known = self.prefixes.iter().map(String::as_str).chain(OWN_FOLDER);
        let below = |prefix: &str| {
            let rest = |text: &str, prefix: &str| {
                let rest = text.strip_prefix(prefix)?;
                (rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/')).then(|| rest.to_owned())
            };
            let settled_prefix = self.known.settle(prefix).text;
            rest(written, prefix).map(|rest| self.known.settle(&rest).text).or_else(|| {
                rest(settled, &settled_prefix).filter(|_| !settled_prefix.is_empty() && settled_prefix != "/")
            })
        };
        if let Some(path) = known.filter_map(below).min_by_key(String::len) {
            return Source::Own(normal(&path));
        }
        match settled.chars().next() {
            // Out of the app's folder in the author's layout, where nothing else is: its own still.
            Some('.') => Source::Own(normal(settled)),
            // A variable without a value: a folder of the user's choice, which a volume stands for.
            None => Source::Volume(written.trim_matches(['$', '{', '}']).to_owned()),
            Some('/' | '~') if !written.starts_with('$') || settled.len() > 1 => Source::Host,
            Some('/' | '~') => Source::Own(normal(settled)),
            Some(_) => Source::Volume(settled.to_owned()),
        }
    }

    /// Whether the catalog brings it: a file, or a folder with anything in it.
    fn is_shipped(&self, path: &str) -> bool {
        self.shipped.contains_key(path)
            || self.shipped.keys().any(|file| {
                inside(file, path).is_some_and(|_| !path.is_empty() && !KEEPERS.contains(&last(file)))
            })
    }

    /// Brings what the catalog has at that path, at that place.
    fn ship(&mut self, path: &str, place: &str) {
        for (name, file) in self.shipped {
            let name = match inside(name, path) {
                Some(rest) => format!("{place}/{rest}"),
                None if name == path => place.to_owned(),
                None => continue,
            };
            self.stored.files.insert(name, file.clone());
        }
    }

    /// A volume's name that no other has.
    fn unique(&mut self, wish: &str, path: &str) -> String {
        let wish =
            Some(slug(wish)).filter(|wish| wish.len() > 1).unwrap_or_else(|| format!("data{}", path.len()));
        let mut name = wish.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wish}-{number}");
            number += 1;
        }
        name
    }
}

/// Where a path comes to lie below `files/`. What lies in a folder that is mounted too is put beside it: a container could
/// make it a link to anywhere.
fn place(path: &str, is_within_another: bool) -> String {
    if is_within_another { path.replace('/', "-") } else { path.to_owned() }
}

/// Where `path` lies in `folder`; everything but it lies in the empty one.
fn inside<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() {
        return Some(path).filter(|path| !path.is_empty());
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// Every folder that `path` lies in, the empty one last.
fn holders(path: &str) -> impl Iterator<Item = &str> {
    let parents = path.match_indices('/').map(|(at, _)| &path[..at]).collect::<Vec<_>>().into_iter().rev();
    parents.chain(Some("").filter(|_| !path.is_empty()))
}

fn last(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn has_end(path: &str, target: &str, ends: &[&str]) -> bool {
    let end = |path: &str| last(path).rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    let is_one = |path: &str| end(path).is_some_and(|end| ends.contains(&end.as_str()));
    is_one(target) && (is_one(path) || !path.ends_with('/'))
}

/// A path without `.`, `..` and doubled `/`.
fn normal(path: &str) -> String {
    path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect::<Vec<_>>().join("/")
}

/// A volume's name.
fn slug(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c } else { '-' };
    let name: String = text.chars().map(plain).collect();
    name.trim_matches(['-', '.', '_']).to_owned()
}
