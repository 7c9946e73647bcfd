//! One entry of `volumes` in a compose file of others, in both of its forms. Where its source lies is
//! [`crate::formats::storage`]'s to say.

use serde_json::{Map, Value, json};

use crate::formats::interpolation::escaped;
use crate::formats::known::Known;

/// The host's random bytes.
const RANDOM: [&str; 2] = ["/dev/random", "/dev/urandom"];

/// A mount as it is written.
#[derive(Clone)]
pub(super) struct Mount {
    /// As it is written, with variables.
    pub(super) written: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) read_only: bool,
    /// In a long form, all of it.
    pub(super) long: Option<Map<String, Value>>,
    mode: String,
}

impl Mount {
    /// The mounts of a service.
    pub(super) fn of(volumes: Option<&Value>, known: &Known) -> Vec<Self> {
        let entries = volumes.and_then(Value::as_array).into_iter().flatten();
        entries.filter_map(|entry| Self::read(entry, known)).collect()
    }

    fn read(entry: &Value, known: &Known) -> Option<Self> {
        let settled = |text: &str| known.settle(text).text.trim().to_owned();
        if let Value::Object(long) = entry {
            let text = |key: &str| long.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            return Some(Self {
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
        Some(Self {
            source: settled(source),
            written: source.trim().to_owned(),
            target: settled(target),
            read_only: mode.split(',').any(|option| option == "ro"),
            long: None,
            mode,
        })
    }

    /// Where it is seen.
    pub(super) fn place(&self) -> &str {
        self.target.trim_end_matches('/')
    }

    /// Random bytes in the place of others, which every container has by itself.
    pub(super) fn is_random(&self) -> bool {
        RANDOM.contains(&self.source.as_str()) && RANDOM.contains(&self.place())
    }

    /// A mount of a volume or a file of the app's own, at a path below this one's. What the image has there is not copied
    /// into a volume: that is for the service to do that mounts it for its own sake.
    pub(super) fn show(&self, source: &str, below: &str, read_only: bool) -> Value {
        let target = escaped(&format!("{}/{below}", self.place()));
        let options = match (source.starts_with('.'), read_only) {
            (true, false) => "",
            (true, true) => ":ro",
            (false, false) => ":nocopy",
            (false, true) => ":ro,nocopy",
        };
        json!(format!("{}:{target}{options}", escaped(source)))
    }

    /// The same, to be written to.
    pub(super) fn writable(&self) -> Self {
        let mut mount = Self { read_only: false, ..self.clone() };
        if let Some(long) = &mut mount.long {
            long.remove("read_only");
        }
        mount
    }

    /// As a mount of a volume or a path of the app's own.
    pub(super) fn entry(&self, source: &str) -> Value {
        let target = escaped(&self.target);
        let is_special =
            self.long.as_ref().is_some_and(|long| long.contains_key("volume")) && !source.starts_with('.');
        match &self.long {
            Some(long) if is_special => {
                let mut long = long.clone();
                long.retain(|key, _| matches!(key.as_str(), "volume" | "read_only"));
                long.insert("type".to_owned(), json!("volume"));
                long.insert("source".to_owned(), json!(source));
                long.insert("target".to_owned(), json!(target));
                Value::Object(long)
            }
            _ => json!(format!("{}:{target}{}", escaped(source), if self.read_only { ":ro" } else { "" })),
        }
    }

    /// As a mount of a path of the host, as it is.
    pub(super) fn on_host(&self) -> Value {
        let (source, target) = (escaped(&self.source), escaped(&self.target));
        if let Some(long) = &self.long {
            let mut long = long.clone();
            long.insert("source".to_owned(), json!(source));
            long.insert("target".to_owned(), json!(target));
            return Value::Object(long);
        }
        let mode = if self.mode.is_empty() { String::new() } else { format!(":{}", self.mode) };
        json!(format!("{source}:{target}{mode}"))
    }
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
