//! What can be set of an app: the variables that its package declares.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The parameters of AppConfig.
#[derive(Clone, Serialize, ToSchema, IntoParams)]
pub struct AppConfigParameters {
    /// The app.
    #[schema(example = "myblog")]
    #[param(example = "myblog")]
    pub app_id: String,
    /// New values, by the names of variables; those that are not named stay as they are. Where it is absent,
    /// nothing is changed. In a query or a form: text that holds the object.
    #[schema(example = json!({ "WORDPRESS_DEBUG": "1" }))]
    #[param(example = json!({ "WORDPRESS_DEBUG": "1" }), value_type = Object, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeMap<String, String>>,
}

/// An app's variables.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppConfigInfo {
    /// The app's id.
    #[schema(example = "myblog")]
    pub app_id: String,
    /// In the order in which the package declares them.
    pub variables: Vec<VariableInfo>,
}

/// A variable that a package declares.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VariableInfo {
    /// Its name, as settings name it.
    #[schema(example = "WORDPRESS_DEBUG")]
    pub name: String,
    /// What values it takes: `secret`, `text`, `number`, `boolean` or `choice` (one of `options`).
    #[schema(example = "boolean")]
    pub kind: String,
    /// What it is, for people, in the language that was asked for.
    #[schema(example = "Show errors on the page")]
    pub label: String,
    /// Its value; `""` for a secret, which cannot be read, and where there is no app to have one.
    #[schema(example = "0")]
    pub value: String,
    /// Its value where none is given; `""` for a secret, which is then generated.
    #[schema(example = "0")]
    pub default: String,
    /// Whether a value was given, by whoever installed or changed the app.
    pub is_set: bool,
    /// Whether the app cannot do without a value, and the package gives none: then one must be given.
    #[schema(example = false)]
    pub is_required: bool,
    /// What a choice offers; empty for every other kind.
    pub options: Vec<VariableOptionInfo>,
}

/// One of the values that a choice offers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VariableOptionInfo {
    /// The value.
    #[schema(example = "en_US")]
    pub value: String,
    /// What it is, for people, in the language that was asked for.
    #[schema(example = "English")]
    pub label: String,
}
