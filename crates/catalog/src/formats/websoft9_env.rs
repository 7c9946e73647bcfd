//! The variables of Websoft9's `.env`: what the platform sets, what people may set, which are secrets, and which tell
//! the app its own address.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::block::{Kind, ShapeBlock, TextBlock, VariableBlock};
use crate::formats::addresses::{self, Address};
use crate::formats::interpolation::names;
use crate::formats::known::Known;
use crate::formats::offered::{label, text_variable};
use crate::formats::secrets::shape;

/// Variables that hold the app's own name.
pub(super) const IDS: [&str; 3] = ["W9_ID", "W9_NAME", "W9_APP_NAME"];
/// The app's own address, without a scheme.
const ADDRESS: &str = "W9_URL";
/// Length of the master password, as Websoft9 makes it.
const MASTER_LENGTH: u16 = 16;
/// Length of the random code.
const CODE_LENGTH: u16 = 16;

/// Names that the compose file and the lines of `.env` use.
pub(super) fn used_names(compose: &Map<String, Value>, env: &BTreeMap<String, String>) -> BTreeSet<String> {
    let text = serde_json::to_string(compose).unwrap_or_default();
    names(&text).into_iter().chain(env.values().flat_map(|template| names(template))).collect()
}

/// What the platform sets.
pub(super) fn of_platform(env: &BTreeMap<String, String>, used: &BTreeSet<String>) -> Vec<VariableBlock> {
    let derived = |value: &str| (Kind::Derived, None, Some(value.to_owned()));
    let authority =
        if env.contains_key("W9_URL_REPLACE") { "${APPMANAGE_AUTHORITY}" } else { "${APPMANAGE_HOST}" };
    let mut known = vec![
        (
            "W9_POWER_PASSWORD",
            "管理员密码",
            "Administrator password",
            (Kind::Secret, Some(ShapeBlock::Strong(MASTER_LENGTH)), None),
        ),
        (
            "W9_RCODE",
            "随机码",
            "Random code",
            (Kind::Secret, Some(ShapeBlock::Alphanumeric(CODE_LENGTH)), None),
        ),
        (ADDRESS, "访问地址", "Address", derived(authority)),
    ];
    known.extend(IDS.map(|id| (id, "应用名称", "Name of the app", derived("${APPMANAGE_APP_ID}"))));
    known
        .into_iter()
        .filter(|(name, ..)| env.contains_key(*name) || used.contains(*name))
        .map(|(name, zh, en, (kind, shape, value))| VariableBlock {
            kind,
            label: TextBlock { zh: zh.to_owned(), en: en.to_owned() },
            shape,
            value,
            ..text_variable(name)
        })
        .collect()
}

/// What its user may set: every `W9_…_SET`, and nothing else. Those that are host ports become ports later on.
pub(super) fn of_people(
    env: &BTreeMap<String, String>,
    used: &BTreeSet<String>,
    known: &Known,
    labels: &BTreeMap<String, TextBlock>,
) -> Vec<VariableBlock> {
    let is_setting = |name: &str| name.starts_with("W9_") && name.ends_with("_SET");
    env.keys()
        .filter(|name| is_setting(name) && (used.contains(*name) || !name.contains("PORT")))
        .map(|name| {
            let value = known.value(name).unwrap_or_default();
            VariableBlock {
                label: labels.get(name).cloned().unwrap_or_else(|| words(name)),
                optional: value.is_empty(),
                default: Some(value).filter(|value| !value.is_empty()).map(Value::String),
                ..text_variable(name)
            }
        })
        .collect()
}

/// What `variables.json` itself calls secrets: each looks as its sample in `.env` does.
pub(super) fn declared_secrets(variables: &Map<String, Value>, known: &Known) -> Vec<VariableBlock> {
    let declared = variables.get("env").and_then(|env| env.get("secrets")).and_then(Value::as_array);
    let names = declared.into_iter().flatten().filter_map(Value::as_str);
    names
        .filter_map(|name| {
            let sample = known.value(name).filter(|_| known.is_in_env(name))?;
            Some(VariableBlock { kind: Kind::Secret, shape: shape(&sample), ..text_variable(name) })
        })
        .collect()
}

/// Lines of `.env` that write a scheme before the app's address: the whole of it, which is the server's to say.
pub(super) fn own_addresses(
    env: &BTreeMap<String, String>,
    variables: &[VariableBlock],
    known: &Known,
) -> Vec<VariableBlock> {
    let is_declared = |name: &str| variables.iter().any(|variable| variable.name == name);
    env.iter()
        .filter(|(name, _)| !is_declared(name))
        .filter_map(|(name, template)| {
            let plain = known.expanded(template, &is_declared);
            let value = with_own_address(&plain);
            // A URL without a scheme is none: the name alone stands for the whole of it.
            let is_bare = name.ends_with("_URL") && plain == format!("${{{ADDRESS}}}");
            let value = if is_bare { Address::main().url().to_owned() } else { value };
            let derived = || VariableBlock { kind: Kind::Derived, ..text_variable(name) };
            (value != plain).then(|| VariableBlock { value: Some(value), ..derived() })
        })
        .collect()
}

/// A text with the whole of the app's address where a scheme stands before what Websoft9 calls it.
pub(super) fn with_own_address(text: &str) -> String {
    addresses::settle(text, &BTreeMap::from([(ADDRESS.to_owned(), Address::main())]))
}

/// The words of a variable of the platform's.
pub(super) fn words(name: &str) -> TextBlock {
    let name = name.strip_prefix("W9_").unwrap_or(name);
    let label = label(name.strip_suffix("_SET").unwrap_or(name));
    TextBlock { zh: label.clone(), en: label }
}
