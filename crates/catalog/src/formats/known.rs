//! What variables are known to be while an app is translated: from its reader, its `.env` and its defaults. So
//! images, ports and paths can be settled, which stand in packages of ours as they are.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::formats::env_lines;
use crate::formats::interpolation::{Otherwise, Part, Use, escaped, parse};
use crate::formats::{Draft, Untranslatable};

/// Variables whose values are other variables. More is a circle.
const DEPTH_LIMIT: usize = 12;
/// Variables of `.env` that are made of others, behind each other, where they stay variables.
const EXPANSION_DEPTH_LIMIT: usize = 8;
/// Bytes of one settled text: longer ones are no path, port or image.
const LENGTH_LIMIT_BYTES: usize = 64 * 1024;
/// Bytes of all texts into which variables are put for one app. The most of the field takes a fortieth of it; a dozen
/// lines of `.env`, each of which names the one before a hundred times, would never end.
const WORK_LIMIT_BYTES: usize = 8 << 20;
/// Finding a variable takes about as long as copying so many bytes.
const USE_BYTES: usize = 64;

/// What putting variables into texts has taken for an app: one count for all that its draft is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work(Rc<Cell<usize>>);

impl Work {
    /// Whether there is some left for so many bytes and a variable.
    fn take(&self, bytes: usize) -> bool {
        self.0.set(self.0.get().saturating_add(bytes).saturating_add(USE_BYTES));
        self.0.get() <= WORK_LIMIT_BYTES
    }
}

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
    work: Work,
}

/// A text whose variables are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) text: String,
    /// Whether it uses a variable that has no value: nothing stands for it.
    pub(crate) has_gap: bool,
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
            work: draft.work.clone(),
        }
    }

    /// Whether all that was asked of it has been answered in full.
    ///
    /// # Errors
    /// `Unsupported`: it would have taken too much.
    pub(crate) fn check(&self) -> Result<(), Untranslatable> {
        if self.work.0.get() <= WORK_LIMIT_BYTES {
            return Ok(());
        }
        let most = WORK_LIMIT_BYTES >> 20;
        let why = format!("its variables stand for one another so often that they make more than {most} MB");
        Err(Untranslatable::Unsupported(why))
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
        self.settle_within(text, false, DEPTH_LIMIT)
    }

    /// The text with every variable replaced but those of the versions, which stay as `${NAME}`.
    pub(crate) fn settle_image(&self, text: &str) -> Settled {
        self.settle_within(text, true, DEPTH_LIMIT)
    }

    /// The template with only variables that are declared or have a plain value in `.env`.
    pub(crate) fn expanded(&self, template: &str, is_declared: &dyn Fn(&str) -> bool) -> String {
        self.expanded_within(template, is_declared, EXPANSION_DEPTH_LIMIT)
    }

    fn expanded_within(&self, template: &str, is_declared: &dyn Fn(&str) -> bool, depth: usize) -> String {
        if !self.work.take(template.len()) {
            return String::new();
        }
        let written = |part: Part| match part {
            Part::Text(text) => escaped(&text),
            Part::Use(used) if is_declared(&used.name) => format!("${{{}}}", used.name),
            Part::Use(used) => match self.env.get(&used.name) {
                Some(inner) if self.is_plain(inner) => format!("${{{}}}", used.name),
                Some(inner) if depth > 0 => self.expanded_within(inner, is_declared, depth - 1),
                _ => escaped(&self.value(&used.name).unwrap_or_default()),
            },
        };
        let mut expanded = String::new();
        for part in parse(template) {
            let text = written(part);
            if !self.work.take(text.len()) {
                break;
            }
            expanded.push_str(&text);
        }
        expanded
    }

    fn is_plain(&self, template: &str) -> bool {
        self.work.take(template.len()) && parse(template).iter().all(|part| matches!(part, Part::Text(_)))
    }

    fn value_within(&self, name: &str, keeps_versions: bool, depth: usize) -> Option<Settled> {
        if keeps_versions && self.versions.contains(name) {
            return Some(Settled { text: format!("${{{name}}}"), has_gap: false });
        }
        let plain = |text: &String| Settled { text: text.clone(), has_gap: false };
        if let Some(text) = self.given.get(name) {
            return Some(plain(text));
        }
        match (self.env.get(name), depth.checked_sub(1)) {
            (Some(template), Some(depth)) => Some(self.settle_within(template, keeps_versions, depth)),
            _ => self.defaults.get(name).map(plain),
        }
    }

    fn settle_within(&self, text: &str, keeps_versions: bool, depth: usize) -> Settled {
        if !self.work.take(text.len()) {
            return Settled::default();
        }
        self.settle_parts(&parse(text), keeps_versions, depth)
    }

    fn settle_parts(&self, parts: &[Part], keeps_versions: bool, depth: usize) -> Settled {
        let mut settled = Settled::default();
        for part in parts {
            match part {
                Part::Text(text) => settled.text.push_str(text),
                Part::Use(used) => {
                    let inner = self.settle_use(used, keeps_versions, depth);
                    if !self.work.take(inner.text.len()) {
                        break;
                    }
                    settled.text.push_str(&inner.text);
                    settled.has_gap |= inner.has_gap;
                }
            }
            if settled.text.len() > LENGTH_LIMIT_BYTES {
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
            _ => value.unwrap_or(Settled { text: String::new(), has_gap: true }),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn known(env: &str) -> Known {
        Known::of(&Draft { env: Some(env.to_owned()), ..Draft::default() })
    }

    /// Twelve lines, each of which names the one before a hundred times.
    fn tower(first: &str) -> String {
        let line = |number: usize| format!("A{number}={}\n", format!("${{A{}}}", number - 1).repeat(100));
        std::iter::once(format!("A0={first}\n")).chain((1..=12).map(line)).collect()
    }

    #[test]
    fn a_tower_of_variables_is_given_up_whatever_stands_below_it() {
        for first in ["", "1", "$$"] {
            let known = known(&tower(first));
            drop(known.value("A12"));
            assert!(known.check().is_err(), "{first:?} is settled");
        }
        let known = known(&tower("1$B"));
        drop(known.expanded("${A12}", &|_| false));
        assert!(known.check().is_err(), "it is expanded");
    }

    #[test]
    fn what_apps_are_made_of_is_settled_whole() {
        let known = known("A=1\nB=$A-${C:-2}\nD=$B/$E\n");
        assert_eq!(known.settle("x$D"), Settled { text: "x1-2/".to_owned(), has_gap: true });
        assert_eq!(known.settle("$B"), Settled { text: "1-2".to_owned(), has_gap: false });
        assert_eq!(known.expanded("$B $A", &|_| false), "${A}- ${A}");
        assert_eq!(known.check(), Ok(()));
    }
}
