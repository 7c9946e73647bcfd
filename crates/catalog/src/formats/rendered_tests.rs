//! What `finish` writes for variables means to `docker compose` what the catalog's own text means to it.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::block::{Block, TextBlock};
use crate::formats::Draft;
use crate::formats::document::read_mapping;

/// Texts in one file: compose starts once for all.
const TEXTS: usize = 300;

/// A text with variables, each of them set, empty, or of this text alone: `{n}` becomes the text's number.
fn any_text() -> impl Strategy<Value = String> {
    let plain = "[ -#%-zé]{0,6}|\\$\\$|\\$\\$[A-Z]\\{";
    let used = prop_oneof![
        Just("$SET".to_owned()),
        Just("${EMPTY}".to_owned()),
        Just("${SET:?say}".to_owned()),
        "\\$\\{(SET|EMPTY|UNSET_n|OTHER_n):?[-+][a-z $]{0,3}\\}"
            .prop_map(|text| text.replace("$ ", "$$ ").replace("$}", "$$}")),
        "\\$\\{(SET|EMPTY|UNSET_n):?[-+]\\$\\{(SET|EMPTY|OTHER_n)(:?-x)?\\}\\}",
    ];
    prop::collection::vec(prop_oneof![plain.prop_map(|text| text.replace(['{', '}'], "")), used], 0..4)
        .prop_map(|parts| parts.concat())
}

/// What compose makes of the environment of the one service.
fn rendered(folder: &Path) -> Value {
    let output = Command::new("docker")
        .args(["compose", "--project-name", "test", "config", "--format", "json"])
        .current_dir(folder)
        .output()
        .expect("docker can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let project: Value = serde_json::from_slice(&output.stdout).expect("compose writes JSON");
    project["services"]["a"]["environment"].clone()
}

#[test]
#[ignore = "needs docker compose: run through cargo xtask test"]
fn what_is_written_for_variables_renders_to_the_same_values() {
    const ENV: &str = "SET='a b'\nEMPTY=\n";
    let (mut runner, strategy) = (TestRunner::deterministic(), any_text());
    let environment: Map<String, Value> = (0..TEXTS)
        .map(|number| {
            let text = strategy.new_tree(&mut runner).expect("there is one").current();
            // Of a variable without a value that is used twice with several defaults, compose knows several values.
            let text = text.replace("_n", &format!("_{number}"));
            (format!("E{number}"), json!(text))
        })
        .collect();
    let compose = json!({ "services": { "a": { "image": "b", "environment": environment } } });
    let Value::Object(compose) = compose else { unreachable!("it is an object") };

    let before = tempfile::tempdir().expect("a folder can be made");
    fs::write(before.path().join("compose.yaml"), Value::Object(compose.clone()).to_string())
        .expect("it can be written");
    fs::write(before.path().join(".env"), ENV).expect("it can be written");

    let description = TextBlock { zh: String::new(), en: "An app".to_owned() };
    let block = Block { description, ..Block::default() };
    let draft =
        Draft { name: "app".to_owned(), block, compose, env: Some(ENV.to_owned()), ..Draft::default() };
    let translation = draft.finish().expect("it is translated");
    let document = read_mapping("compose.yaml", &translation.compose).expect("it is YAML");
    let variables = document["x-appmanage"].get("variables").and_then(Value::as_array);
    let defaults = variables.into_iter().flatten().map(|variable| {
        let default = variable["default"].as_str().unwrap_or_default().replace("$$", "$");
        format!("{}='{default}'\n", variable["name"].as_str().unwrap_or_default())
    });
    let after = tempfile::tempdir().expect("a folder can be made");
    fs::write(after.path().join(".env"), format!("{}{ENV}", defaults.collect::<String>()))
        .expect("it can be written");
    fs::write(after.path().join("compose.yaml"), &translation.compose).expect("it can be written");

    let (before, after) = (rendered(before.path()), rendered(after.path()));
    for (name, text) in &environment {
        assert_eq!(after[name], before[name], "{name}: {text}");
    }
}
