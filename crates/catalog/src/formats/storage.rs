//! Where apps of others keep their data: named volumes. What the catalog ships is mounted from `./files/`; a path of
//! the host stays what it is, for the policy to judge. Why volumes: docs/adr/0014.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::formats::PackagedFile;
use crate::formats::interpolation::escaped;
use crate::formats::known::Known;

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
/// Beginnings of paths that mean the folder of the compose file.
const OWN_FOLDER: [&str; 3] = [".", "$PWD", "${PWD}"];

/// A mount as it is written.
struct Mount {
    /// As it is written, with variables.
    written: String,
    source: String,
    target: String,
    read_only: bool,
    /// In a long form, all of it.
    long: Option<Object>,
    mode: String,
}

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
    /// Own paths that are neither shipped nor a volume, since one lies in another.
    folders: BTreeSet<String>,
    /// Shipped paths that lie in another that is mounted too.
    nested: BTreeSet<String>,
    /// By own path, the volume.
    volumes: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    stored: Stored,
}

/// Makes the mounts of every service ones that a package may have.
pub(crate) fn clean(
    compose: &mut Object,
    prefixes: &[String],
    shipped: &BTreeMap<String, PackagedFile>,
    known: &Known,
    remarks: &mut Vec<String>,
) -> Stored {
    let declared = match compose.remove("volumes") {
        Some(Value::Object(map)) => map,
        _ => Object::new(),
    };
    remark_drivers(&declared, remarks);
    let mut storage = Storage {
        known,
        prefixes: prefixes.to_vec(),
        shipped,
        folders: BTreeSet::new(),
        nested: BTreeSet::new(),
        volumes: BTreeMap::new(),
        taken: declared.keys().map(|name| slug(name)).collect(),
        stored: Stored::default(),
    };
    let Some(Value::Object(services)) = compose.get_mut("services") else { return storage.stored };
    storage.find_folders(services);
    let mut used = BTreeSet::new();
    for (name, service) in services.iter_mut() {
        let Value::Object(service) = service else { continue };
        storage.env_files(name, service, remarks);
        let Some(Value::Array(entries)) = service.remove("volumes") else { continue };
        let mounts: Vec<Mount> = entries.iter().filter_map(|entry| read(entry, known)).collect();
        let mut written = Vec::new();
        for mount in &mounts {
            let entry = storage.write(name, mount, &mounts, &mut used, remarks);
            written.extend(entry.filter(|entry| !written.contains(entry)));
        }
        if !written.is_empty() {
            service.insert("volumes".to_owned(), Value::Array(written));
        }
    }
    contents(compose, &storage);
    if !used.is_empty() {
        let volumes: Object = used.into_iter().map(|name| (name, json!({}))).collect();
        compose.insert("volumes".to_owned(), Value::Object(volumes));
    }
    storage.stored
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
fn contents(compose: &mut Object, storage: &Storage<'_>) {
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
                source.remove("file");
                source.insert("content".to_owned(), json!(escaped(text)));
            }
        }
    }
}

impl Storage<'_> {
    /// Of the own paths that lie in each other, notes both: they cannot be volumes. Of shipped ones, the inner.
    fn find_folders(&mut self, services: &Object) {
        let (mut paths, mut shipped) = (BTreeSet::new(), BTreeSet::new());
        for service in services.values() {
            let mounts: Vec<Mount> = service
                .get("volumes")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|entry| read(entry, self.known))
                .collect();
            for mount in &mounts {
                let Source::Own(path) = self.locate(&mount.written, &mount.source) else { continue };
                if self.is_shipped(&path) {
                    shipped.insert(path);
                } else if !self.is_within_another(mount, &path, &mounts) {
                    paths.insert(path);
                }
            }
        }
        let is_inner = |path: &&String| shipped.iter().any(|outer| inside(path, outer).is_some());
        self.nested = shipped.iter().filter(is_inner).cloned().collect();
        let lies_in =
            |inner: &str, outer: &str| inner != outer && (outer.is_empty() || inside(inner, outer).is_some());
        for path in &paths {
            if paths.iter().any(|other| lies_in(path, other) || lies_in(other, path)) {
                self.folders.insert(path.clone());
            }
        }
    }

    /// Whether another mount of the same service shows it at the same place already.
    fn is_within_another(&self, mount: &Mount, path: &str, mounts: &[Mount]) -> bool {
        mounts.iter().any(|other| {
            let Source::Own(outer) = self.locate(&other.written, &other.source) else { return false };
            let below = if outer.is_empty() { Some(path) } else { inside(path, &outer) };
            let below_target = inside(&mount.target, other.target.trim_end_matches('/'));
            !path.is_empty() && outer != path && below.is_some() && below == below_target
        })
    }

    fn write(
        &mut self,
        service: &str,
        mount: &Mount,
        mounts: &[Mount],
        used: &mut BTreeSet<String>,
        remarks: &mut Vec<String>,
    ) -> Option<Value> {
        let volume = match self.locate(&mount.written, &mount.source) {
            Source::Nameless
                if mount.long.as_ref().is_some_and(|long| long.get("type") == Some(&json!("tmpfs"))) =>
            {
                return mount.long.clone().map(Value::Object);
            }
            Source::Nameless => self.unique(&format!("{service}-{}", last(&mount.target)), &mount.target),
            Source::Volume(_) if CLOCKS.contains(&mount.target.trim_end_matches('/')) => return None,
            Source::Volume(name) => slug(&name),
            Source::Host
                if CLOCKS.iter().any(|clock| mount.source.trim_end_matches('/').starts_with(clock)) =>
            {
                return None;
            }
            Source::Host => return Some(host_mount(mount)),
            Source::Own(path) if self.is_within_another(mount, &path, mounts) => return None,
            Source::Own(path) if self.is_shipped(&path) => {
                // A container could make what lies in its own folder a link to anywhere.
                let place = if self.nested.contains(&path) { path.replace('/', "-") } else { path.clone() };
                self.ship(&path, &place);
                return Some(entry(&format!("./files/{place}"), mount));
            }
            Source::Own(path) if has_end(&path, &mount.target, &DATABASE_ENDS) => {
                let empty = PackagedFile { bytes: Vec::new(), is_executable: false };
                self.stored.files.insert(path.clone(), empty);
                return Some(entry(&format!("./files/{path}"), mount));
            }
            Source::Own(path) if has_end(&path, &mount.target, &FILE_ENDS) => {
                remarks.push(format!(
                    "nothing is mounted at {} of {service}: the catalog does not bring {path}",
                    mount.target
                ));
                return None;
            }
            Source::Own(path) if self.folders.contains(&path) => {
                return Some(entry(
                    &format!("./files/{}", if path.is_empty() { "data" } else { &path }),
                    mount,
                ));
            }
            Source::Own(path) => match self.volumes.get(&path) {
                Some(name) => name.clone(),
                None => {
                    let name = self.unique(if path.is_empty() { "data" } else { &path }, &path);
                    self.volumes.insert(path, name.clone());
                    name
                }
            },
        };
        used.insert(volume.clone());
        Some(entry(&volume, mount))
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

    /// Files with variables for a service: `.env`, and those that the catalog brings.
    fn env_files(&mut self, service_name: &str, service: &mut Object, remarks: &mut Vec<String>) {
        let entries = match service.remove("env_file") {
            None => return,
            Some(Value::Array(entries)) => entries,
            Some(entry) => vec![entry],
        };
        let mut kept = Vec::new();
        for entry in entries {
            let (path, required) = match &entry {
                Value::String(path) => (path.clone(), true),
                Value::Object(long) => (
                    long.get("path").and_then(Value::as_str).unwrap_or_default().to_owned(),
                    long.get("required") != Some(&json!(false)),
                ),
                _ => continue,
            };
            let settled = self.known.settle(&path).text;
            let path = match self.locate(&path, &settled) {
                Source::Own(path) => path,
                _ => normal(&settled),
            };
            if path == ".env" {
                kept.push(json!(".env"));
            } else if self.shipped.contains_key(&path) {
                self.ship(&path, &path);
                kept.push(json!(format!("./files/{path}")));
            } else if required {
                remarks.push(format!("{service_name} has no {path}: the catalog does not bring it"));
            }
        }
        kept.dedup();
        match kept.len() {
            0 => {}
            1 => drop(service.insert("env_file".to_owned(), kept.remove(0))),
            _ => drop(service.insert("env_file".to_owned(), Value::Array(kept))),
        }
    }
}

fn read(entry: &Value, known: &Known) -> Option<Mount> {
    let settled = |text: &str| known.settle(text).text.trim().to_owned();
    if let Value::Object(long) = entry {
        let text = |key: &str| long.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        return Some(Mount {
            source: settled(&text("source")),
            written: text("source"),
            target: settled(&text("target")),
            read_only: long.get("read_only") == Some(&json!(true)),
            long: Some(long.clone()),
            mode: String::new(),
        });
    }
    let parts = split(entry.as_str()?);
    let (source, target, mode) = match parts.as_slice() {
        [target] => ("", target.as_str(), ""),
        [source, target] => (source.as_str(), target.as_str(), ""),
        [source, target, mode @ ..] => (source.as_str(), target.as_str(), mode[0].as_str()),
        [] => return None,
    };
    let mode = settled(mode);
    Some(Mount {
        source: settled(source),
        written: source.trim().to_owned(),
        target: settled(target),
        read_only: mode.split(',').any(|option| option == "ro"),
        long: None,
        mode,
    })
}

/// The parts between colons that are not those of a variable.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut open) = (vec![String::new()], 0_usize);
    for character in text.chars() {
        match character {
            '{' => open += 1,
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        match parts.last_mut() {
            Some(last) if character != ':' || open > 0 => last.push(character),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// A mount of a volume or a path of the app's own.
fn entry(source: &str, mount: &Mount) -> Value {
    let target = escaped(&mount.target);
    let is_special =
        mount.long.as_ref().is_some_and(|long| long.contains_key("volume")) && !source.starts_with('.');
    match &mount.long {
        Some(long) if is_special => {
            let mut long = long.clone();
            long.retain(|key, _| matches!(key.as_str(), "volume" | "read_only"));
            long.insert("type".to_owned(), json!("volume"));
            long.insert("source".to_owned(), json!(source));
            long.insert("target".to_owned(), json!(target));
            Value::Object(long)
        }
        _ => json!(format!("{}:{target}{}", escaped(source), if mount.read_only { ":ro" } else { "" })),
    }
}

/// A mount of a path of the host, as it is.
fn host_mount(mount: &Mount) -> Value {
    let (source, target) = (escaped(&mount.source), escaped(&mount.target));
    if let Some(long) = &mount.long {
        let mut long = long.clone();
        long.insert("source".to_owned(), json!(source));
        long.insert("target".to_owned(), json!(target));
        return Value::Object(long);
    }
    let mode = if mount.mode.is_empty() { String::new() } else { format!(":{}", mount.mode) };
    json!(format!("{source}:{target}{mode}"))
}

/// Where `path` lies in `folder`.
fn inside<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_prefix('/')
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
