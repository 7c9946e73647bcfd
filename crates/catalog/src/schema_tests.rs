//! Holds docs/packages.schema.json against the reader: every key, kind and shape is in both, and what the schema refuses
//! the reader refuses. The reader may refuse more: names that mean nothing, ports that are not published.
//!
//! The schema is carried out here word by word. A word that is not known here fails, so that none is passed over.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use control::ports::InstalledText;
use domain::{EnvFile, PackageName};
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::block::{BLOCK_KEY, Block};
use crate::package::read_installed;
use crate::{builtin, yaml};

struct Schema {
    whole: Value,
    /// Those that were compiled before.
    patterns: RefCell<BTreeMap<String, Regex>>,
}

impl Schema {
    fn of_the_guide() -> Self {
        let text = include_str!("../../../docs/packages.schema.json");
        let whole = serde_json::from_str(text).expect("it is JSON");
        Self { whole, patterns: RefCell::default() }
    }

    fn takes(&self, value: &Value) -> bool {
        self.fits(&self.whole, value, &mut BTreeSet::new())
    }

    /// Whether a value fits; the keys of an object that its words speak of are `known` then.
    fn fits(&self, schema: &Value, value: &Value, known: &mut BTreeSet<String>) -> bool {
        let words = schema.as_object().expect("a schema is an object");
        let fit = |(word, at): (&String, &Value)| self.word_fits(word, at, schema, value, known);
        // The one word that depends on what all others have seen.
        let is_open = words.get("unevaluatedProperties").is_none();
        words.iter().filter(|(word, _)| *word != "unevaluatedProperties").all(fit)
            && (is_open || keys(value).all(|key| known.contains(key)))
    }

    fn word_fits(
        &self,
        word: &str,
        at: &Value,
        schema: &Value,
        value: &Value,
        known: &mut BTreeSet<String>,
    ) -> bool {
        let branches = || at.as_array().expect("a list of schemas").iter();
        let apart = |schema: &Value, value: &Value| self.fits(schema, value, &mut BTreeSet::new());
        match word {
            "$schema" | "title" | "description" | "$defs" => true,
            "$ref" => {
                let pointer = at.as_str().expect("a text").trim_start_matches('#');
                self.fits(self.whole.pointer(pointer).expect("it is defined"), value, known)
            }
            "properties" => at.as_object().expect("an object").iter().all(|(key, schema)| {
                let Some(value) = value.get(key) else { return true };
                known.insert(key.clone());
                apart(schema, value)
            }),
            "additionalProperties" => {
                let own = |key: &&String| schema.get("properties").is_none_or(|own| own.get(key).is_none());
                let mut others = keys(value).filter(own);
                others.all(|key| at != &json!(false) && apart(at, &value[key]))
            }
            "oneOf" => {
                let fitting: Vec<BTreeSet<String>> = branches()
                    .filter_map(|branch| {
                        let mut of_branch = BTreeSet::new();
                        self.fits(branch, value, &mut of_branch).then_some(of_branch)
                    })
                    .collect();
                known.extend(fitting.iter().flatten().cloned());
                fitting.len() == 1
            }
            "anyOf" => branches().any(|branch| apart(branch, value)),
            "not" => !apart(at, value),
            "items" => value.as_array().into_iter().flatten().all(|item| apart(at, item)),
            "propertyNames" => keys(value).all(|key| apart(at, &json!(key))),
            "required" => branches()
                .all(|key| value.is_object().then(|| value.get(key.as_str().expect("a text"))) != Some(None)),
            "pattern" => value.as_str().is_none_or(|text| {
                let pattern = at.as_str().expect("a text");
                let compile = || Regex::new(pattern).expect("a plain pattern");
                self.patterns.borrow_mut().entry(pattern.to_owned()).or_insert_with(compile).is_match(text)
            }),
            _ => plain_word_fits(word, at, value),
        }
    }
}

/// The words that look at nothing below the value. A value of another type than they speak of fits.
fn plain_word_fits(word: &str, at: &Value, value: &Value) -> bool {
    let bound = || at.as_i64().expect("a whole number");
    let count = |count: Option<usize>| count.and_then(|count| i64::try_from(count).ok());
    let (characters, items) =
        (count(value.as_str().map(|text| text.chars().count())), count(value.as_array().map(Vec::len)));
    let members = count(value.as_object().map(Map::len));
    match word {
        "type" => match at.as_str().expect("a text") {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            other => panic!("the type {other} is not known here"),
        },
        "enum" => at.as_array().expect("a list").contains(value),
        "const" => at == value,
        "minLength" => characters.is_none_or(|length| length >= bound()),
        "maxLength" => characters.is_none_or(|length| length <= bound()),
        "minItems" => items.is_none_or(|length| length >= bound()),
        "maxItems" => items.is_none_or(|length| length <= bound()),
        "minProperties" => members.is_none_or(|length| length >= bound()),
        "maxProperties" => members.is_none_or(|length| length <= bound()),
        "minimum" => value.as_f64().is_none_or(|number| number >= at.as_f64().expect("a number")),
        "maximum" => value.as_f64().is_none_or(|number| number <= at.as_f64().expect("a number")),
        other => panic!("the word {other} is not known here"),
    }
}

fn keys(value: &Value) -> impl Iterator<Item = &String> {
    value.as_object().into_iter().flat_map(Map::keys)
}

/// Blocks that use every key, kind and shape there is.
fn blocks() -> [Value; 2] {
    let label = json!({ "zh": "名", "en": "Name" });
    let variable = |name: &str, kind: &str, more: Value| {
        let mut variable = json!({ "name": name, "kind": kind, "label": label });
        variable.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        variable
    };
    let shape = |name: &str, shape: Value| variable(name, "secret", json!({ "shape": shape }));
    let first = json!({
        "trademark": "Notes", "description": label, "categories": ["office"], "website": "https://notes.example/",
        "architectures": ["amd64"], "versions": [{ "name": "2", "variables": { "TAG": "2.1" } }],
        "requirements": { "cpu_cores": 1, "memory": "16M", "disk": "1G" },
        "variables": [
            variable("PLAIN", "secret", json!({})),
            shape("A", json!({ "alphanumeric": 40 })), shape("L", json!({ "lowercase": 40 })),
            shape("H", json!({ "hex": 64 })), shape("S", json!({ "strong": 20 })), shape("B", json!({ "base64": 32 })),
            shape("U", json!("uuid")), shape("J", json!({ "jwt": { "key": "H", "claims": { "role": "anon" } } })),
            variable("OWNER", "text", json!({ "default": "me" })), variable("SMTP", "text", json!({ "optional": true })),
            variable("LIMIT", "number", json!({ "default": 5 })), variable("OPEN", "boolean", json!({ "default": true })),
            variable("MODE", "choice", json!({ "default": "dark", "options": [{ "value": "dark", "label": label }] })),
            variable("DNS", "port", json!({ "of": { "service": "notes", "port": 53, "udp": true } })),
            variable("DSN", "derived", json!({ "value": "db://${PLAIN}" })),
        ],
        "one_shot": ["setup"], "main": { "service": "notes", "port": 443, "http": { "ready_path": "/up", "path": "/", "tls": true } },
        "patience_seconds": 60, "admin_path": "/admin", "login": { "user_name": "admin", "password": "changeme" }, "note": label,
    });
    let mut second = first.clone();
    second["login"] = json!({ "user_variable": "OWNER", "password_variable": "PLAIN" });
    [first, second]
}

/// Whether the reader of packages takes a block, in a file around it that uses all that it declares.
fn is_read(block: &Value) -> bool {
    let file = json!({ BLOCK_KEY: block, "services": {
        "notes": { "image": "example/notes:${TAG}", "env_file": "./.env", "ports": ["443", "53:53/udp"] },
        "setup": { "image": "example/setup:1" },
    } });
    let text = InstalledText { compose: file.to_string(), env: Some(EnvFile::of("LINE=1\n".to_owned())) };
    read_installed(&PackageName::of("notes", "local"), text).is_ok()
}

/// Calls `visit` with the place of every value below, and the value itself.
fn each_place(value: &Value, place: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(place, value);
    for (key, member) in value.as_object().into_iter().flatten() {
        each_place(member, &format!("{place}/{key}"), visit);
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        each_place(item, &format!("{place}/{index}"), visit);
    }
}

/// The block with another value at one place.
fn with(block: &Value, place: &str, value: Value) -> Value {
    let mut block = block.clone();
    *block.pointer_mut(place).expect("it was found there") = value;
    block
}

/// Everything that is done to a value to see whether both refuse the outcome. An empty value (`website:`) is left out:
/// the reader takes it for none, and an editor may well complain.
fn changes(value: &Value) -> Vec<Value> {
    let mut changes: Vec<Value> =
        [json!(true), json!(0), json!(1), json!(-1), json!(1.5), json!(100_000_000), json!([]), json!([1])]
            .into();
    changes.extend([json!([""]), json!({}), json!({ "another": 1 }), json!("x".repeat(5_000))]);
    changes
        .extend(["", "x", "a b", "A=1\n", "/", "HOME", "COMPOSE_A", "-x", "1M", "https://"].map(Value::from));
    if let Some(object) = value.as_object() {
        for key in object.keys() {
            let mut less = object.clone();
            less.remove(key);
            changes.push(less.into());
        }
        let mut more = object.clone();
        more.insert("another".to_owned(), json!(1));
        changes.push(more.into());
    }
    changes
}

#[test]
fn the_schema_takes_every_package_that_ships_and_the_blocks_that_use_everything() {
    let schema = Schema::of_the_guide();
    for source in builtin::sources() {
        let text = String::from_utf8(source.files.expect("it is embedded").compose).expect("it is text");
        let file: Map<String, Value> = yaml::from_str(&text).expect("it is YAML");
        assert!(schema.takes(&file[BLOCK_KEY]), "{}", source.name);
    }
    for block in blocks() {
        assert!(schema.takes(&block) && is_read(&block), "{block:#}");
    }
}

#[test]
fn what_the_schema_refuses_the_reader_refuses_and_what_it_takes_has_a_shape_that_the_reader_knows() {
    let schema = Schema::of_the_guide();
    let mut faults = Vec::new();
    let [first, second] = blocks();
    // All but the login is the same.
    for (block, top) in [(&first, ""), (&second, "/login")] {
        each_place(block.pointer(top).expect("it is there"), top, &mut |place, value| {
            for change in changes(value) {
                let changed = with(block, place, change.clone());
                let has_shape = serde_json::from_value::<Block>(changed.clone()).is_ok();
                let is_taken = schema.takes(&changed);
                // Of YAML, the reader takes `5` for a text: that has the shape of none here.
                if is_taken && !has_shape {
                    faults.push(format!("only the schema takes {change} at {place}"));
                } else if !is_taken && has_shape && is_read(&changed) {
                    faults.push(format!("only the reader takes {change} at {place}"));
                }
            }
        });
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_key_kind_and_shape_of_the_reader_is_in_the_schema() {
    // What the reader knows at a place it says itself when it meets something else there. The blocks use all that the
    // schema has, so what they do not use it does not know.
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for block in blocks() {
        each_place(&block, "", &mut |place, value| {
            let (another, names) = match value {
                Value::Object(object) => (json!({ "another": 1 }), object.keys().cloned().collect()),
                Value::String(text) => (json!("another"), vec![text.clone()]),
                _ => return,
            };
            let Err(error) = serde_json::from_value::<Block>(with(&block, place, another)) else { return };
            if let Some((_, expected)) = error.to_string().split_once("`another`, expected ") {
                used.entry(expected.to_owned()).or_default().extend(names);
            }
        });
    }
    let mut lists = 0;
    for (expected, used) in used {
        for name in expected.split('`').skip(1).step_by(2) {
            assert!(used.contains(name), "the blocks here do not use {name}, one of {expected}");
        }
        lists += 1;
    }
    assert!(lists > 10, "as many shapes: {lists}");
}
