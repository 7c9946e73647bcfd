//! What variables are known to be while an app is translated: from its reader, its `.env` and its defaults. So
//! images, ports and paths can be settled, which stand in packages of ours as they are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::formats::Draft;
use crate::formats::env_lines;
use crate::formats::interpolation::{Otherwise, Part, Use, parse};

/// Variables whose values are other variables. More is a circle.
const DEPTH_LIMIT: usize = 12;
/// Characters of one settled text: longer ones are no path, port or image.
const LENGTH_LIMIT: usize = 64 * 1024;

/// Values by variable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Told by the reader.
    given: BTreeMap<String, String>,
    /// Of `.env`, as templates.
    env: BTreeMap<String, String>,
    /// Of the variables that the reader declared, and those that the compose file itself tells.
    defaults: BTreeMap<String, String>,
    /// Set by the versions.
    versions: BTreeSet<String>,
}

/// A text whose variables are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) text: String,
    /// Variables that have no value: nothing stands for them.
    pub(crate) missing: Vec<String>,
}

impl Known {
    /// What a draft says.
    pub(crate) fn of(draft: &Draft) -> Self {
        let defaults = draft.block.variables.iter().filter_map(|variable| {
            let text = match variable.default.as_ref()? {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Some((variable.name.clone(), text))
        });
        let mut defaults: BTreeMap<String, String> = defaults.collect();
        for (name, text) in told_by_uses(&draft.compose) {
            defaults.entry(name).or_insert(text);
        }
        Self {
            given: draft.values.clone(),
            env: env_lines::templates(draft.env.as_deref().unwrap_or_default()),
            defaults,
            versions: draft
                .block
                .versions
                .first()
                .map(|v| v.variables.keys().cloned().collect())
                .unwrap_or_default(),
        }
    }

    /// Whether the reader told its value.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// Whether `.env` defines it.
    pub(crate) fn is_in_env(&self, name: &str) -> bool {
        self.env.contains_key(name)
    }

    /// The lines of `.env`, each value as compose's template.
    pub(crate) fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// The value of a variable, if it has one.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.value_within(name, false, DEPTH_LIMIT).map(|settled| settled.text)
    }

    /// The text with every variable replaced.
    pub(crate) fn settle(&self, text: &str) -> Settled {
        self.settle_parts(&parse(text), false, DEPTH_LIMIT)
    }

    /// The text with every variable replaced but those of the versions, which stay as `${NAME}`.
    pub(crate) fn settle_image(&self, text: &str) -> Settled {
        self.settle_parts(&parse(text), true, DEPTH_LIMIT)
    }

    fn value_within(&self, name: &str, keeps_versions: bool, depth: usize) -> Option<Settled> {
        if keeps_versions && self.versions.contains(name) {
            return Some(Settled { text: format!("${{{name}}}"), missing: Vec::new() });
        }
        let plain = |text: &String| Settled { text: text.clone(), missing: Vec::new() };
        if let Some(text) = self.given.get(name) {
            return Some(plain(text));
        }
        match (self.env.get(name), depth.checked_sub(1)) {
            (Some(template), Some(depth)) => Some(self.settle_parts(&parse(template), keeps_versions, depth)),
            _ => self.defaults.get(name).map(plain),
        }
    }

    fn settle_parts(&self, parts: &[Part], keeps_versions: bool, depth: usize) -> Settled {
        let mut settled = Settled::default();
        for part in parts {
            match part {
                Part::Text(text) => settled.text.push_str(text),
                Part::Use(used) => {
                    let inner = self.settle_use(used, keeps_versions, depth);
                    settled.text.push_str(&inner.text);
                    settled.missing.extend(inner.missing);
                }
            }
            if settled.text.len() > LENGTH_LIMIT {
                break;
            }
        }
        settled
    }

    fn settle_use(&self, used: &Use, keeps_versions: bool, depth: usize) -> Settled {
        let value = self.value_within(&used.name, keeps_versions, depth);
        let is_set = |if_empty: bool| value.as_ref().is_some_and(|v| !if_empty || !v.text.is_empty());
        match &used.otherwise {
            Otherwise::Default { text, if_empty } if !is_set(*if_empty) => {
                self.settle_parts(text, keeps_versions, depth)
            }
            Otherwise::Instead { text, if_empty } if is_set(*if_empty) => {
                self.settle_parts(text, keeps_versions, depth)
            }
            Otherwise::Instead { .. } => Settled::default(),
            _ => value.unwrap_or_else(|| Settled { text: String::new(), missing: vec![used.name.clone()] }),
        }
    }
}

/// The defaults of `${NAME:-text}`, which hold wherever the variable is used, where there is one for each name.
fn told_by_uses(compose: &Map<String, Value>) -> BTreeMap<String, String> {
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    compose.values().for_each(|value| collect_told(value, &mut told));
    told.into_iter()
        .filter(|(_, texts)| texts.len() == 1)
        .filter_map(|(name, texts)| Some((name, texts.into_iter().next()?)))
        .collect()
}

fn collect_told(value: &Value, told: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::String(text) if text.contains("${") => {
            for part in parse(text) {
                if let Part::Use(Use { name, otherwise: Otherwise::Default { text, .. } }) = part
                    && let [Part::Text(text)] = text.as_slice()
                {
                    told.entry(name).or_default().insert(text.clone());
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_told(item, told)),
        Value::Object(map) => map.values().for_each(|item| collect_told(item, told)),
        _ => {}
    }
}
