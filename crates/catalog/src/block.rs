//! The `x-appmanage` block: its shape in YAML, key by key. Unknown keys are errors that name the key.
//!
//! What the values have to be beyond their shape is checked in [`crate::package`]. Readers of other formats
//! ([`crate::formats`]) write the same block.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The key under which it stands.
pub(crate) const BLOCK_KEY: &str = "x-appmanage";

/// The part of `compose.yaml` that is ours; everything else in the file is compose's.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    #[serde(rename = "x-appmanage")]
    pub(crate) block: Option<Block>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Block {
    pub(crate) trademark: String,
    pub(crate) description: TextBlock,
    pub(crate) categories: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) website: Option<String>,
    /// As the engine names them: `amd64`, `arm64`. Empty where it is not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) architectures: Vec<String>,
    pub(crate) versions: Vec<VersionBlock>,
    /// Absent where nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requirements: Option<RequirementsBlock>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) variables: Vec<VariableBlock>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) one_shot: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) main: Option<MainBlock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) patience_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) admin_path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login: Option<LoginBlock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<TextBlock>,
}

/// Compose replaces variables in our part of the file too, though nobody reads the outcome: every text but that of a
/// template is written with `$$` for a dollar sign.
impl Block {
    /// The block as it is meant, out of one as it stands in a file.
    pub(crate) fn unescaped(&self) -> Self {
        let mut block = serde_json::to_value(self).expect("a block has texts for keys");
        change_texts(&mut block, |text| text.replace("$$", "$"));
        serde_json::from_value(block).expect("its texts are still texts")
    }

    /// The block as it stands in a file.
    pub(crate) fn to_value(&self) -> Value {
        let mut block = serde_json::to_value(self).expect("a block has texts for keys");
        change_texts(&mut block, |text| text.replace('$', "$$"));
        block
    }
}

/// Changes every text of a block that is no template.
fn change_texts(block: &mut Value, change: fn(&str) -> String) {
    for (key, value) in block.as_object_mut().into_iter().flatten() {
        match value.as_array_mut().filter(|_| key == "variables") {
            Some(variables) => {
                let keys = variables.iter_mut().filter_map(Value::as_object_mut).flatten();
                keys.filter(|(key, _)| *key != "value").for_each(|(_, value)| change_all(value, change));
            }
            None => change_all(value, change),
        }
    }
}

fn change_all(value: &mut Value, change: fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| change_all(item, change)),
        Value::Object(map) => map.values_mut().for_each(|item| change_all(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextBlock {
    pub(crate) zh: String,
    pub(crate) en: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionBlock {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) variables: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequirementsBlock {
    pub(crate) cpu_cores: u32,
    pub(crate) memory: String,
    pub(crate) disk: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariableBlock {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) label: TextBlock,
    /// Of a text, number, boolean or choice. One that has none is required, unless it is optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<Value>,
    /// Of a text without default: it may stay empty.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) optional: bool,
    /// Of a choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) options: Vec<OptionBlock>,
    /// Of a secret: how it is made. Absent: as all secrets are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<ShapeBlock>,
    /// Of a port: the published port that it tells the host's port of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<PortBlock>,
    /// Of a derived variable: its template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

impl VariableBlock {
    /// A variable of which nothing else is told.
    pub(crate) fn of(name: &str, kind: Kind, label: TextBlock) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            label,
            default: None,
            optional: false,
            options: Vec::new(),
            shape: None,
            of: None,
            value: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Secret,
    Text,
    Number,
    Boolean,
    Choice,
    Port,
    Derived,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OptionBlock {
    pub(crate) value: String,
    /// Absent where the value speaks for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<TextBlock>,
}

/// How a secret is made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum ShapeBlock {
    /// Letters of both cases and digits, that many, at least one of each.
    Alphanumeric(u16),
    /// Small letters and digits, that many.
    Lowercase(u16),
    /// That many hexadecimal digits.
    Hex(u16),
    /// That many random bytes, in base64.
    Base64(u16),
    /// Letters, digits and a `!`, that many: for apps that ask for a sign in passwords.
    Strong(u16),
    /// A random UUID.
    Uuid,
    /// A JSON web token, signed with HS256.
    Jwt {
        /// The secret variable that it is signed with.
        key: String,
        /// Its claims, a JSON object.
        claims: Value,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PortBlock {
    pub(crate) service: String,
    pub(crate) port: u16,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) udp: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MainBlock {
    pub(crate) service: String,
    pub(crate) port: u16,
    /// Absent where the port speaks something else than HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http: Option<HttpBlock>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpBlock {
    #[serde(default = "root")]
    pub(crate) ready_path: String,
    #[serde(default = "root")]
    pub(crate) path: String,
    /// It speaks HTTPS.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) tls: bool,
}

fn root() -> String {
    "/".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBlock {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) user_name: String,
    /// The variable that holds the user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_variable: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password_variable: Option<String>,
    /// The one that the app ships with, the same for everybody: to be changed at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
}
