//! The `x-appmanage` block: its shape in YAML, key by key. Unknown keys are errors that name the key.
//!
//! What the values have to be beyond their shape is checked in [`crate::package`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The part of `compose.yaml` that is ours; everything else in the file is compose's.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    #[serde(rename = "x-appmanage")]
    pub(crate) block: Option<Block>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Block {
    pub(crate) trademark: String,
    pub(crate) description: TextBlock,
    pub(crate) categories: Vec<String>,
    pub(crate) versions: Vec<VersionBlock>,
    pub(crate) requirements: RequirementsBlock,
    #[serde(default)]
    pub(crate) variables: Vec<VariableBlock>,
    #[serde(default)]
    pub(crate) one_shot: Vec<String>,
    pub(crate) main: Option<MainBlock>,
    pub(crate) patience_seconds: Option<u64>,
    #[serde(default)]
    pub(crate) admin_path: String,
    pub(crate) login: Option<LoginBlock>,
    pub(crate) note: Option<TextBlock>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextBlock {
    pub(crate) zh: String,
    pub(crate) en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionBlock {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequirementsBlock {
    pub(crate) cpu_cores: u32,
    pub(crate) memory: String,
    pub(crate) disk: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariableBlock {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) default: Option<Value>,
    pub(crate) label: TextBlock,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Secret,
    Text,
    Number,
    Boolean,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MainBlock {
    pub(crate) service: String,
    pub(crate) port: u16,
    /// Absent where the port speaks something else than HTTP.
    pub(crate) http: Option<HttpBlock>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpBlock {
    #[serde(default = "root")]
    pub(crate) ready_path: String,
    #[serde(default = "root")]
    pub(crate) path: String,
}

fn root() -> String {
    "/".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBlock {
    #[serde(default)]
    pub(crate) user_name: String,
    pub(crate) password_variable: Option<String>,
}
