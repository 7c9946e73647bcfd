//! The envelope that every interface answers in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What every interface answers: data, and an error only when something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<D> {
    /// The interface's data. With an error: `{}`, or `[]` where the interface answers a list.
    #[serde(rename = "ResponseData")]
    pub data: D,
    /// What is wrong; absent when nothing is.
    #[serde(rename = "Error", default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorInfo>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorInfo {
    /// The stable name of the error, for programs.
    #[serde(rename = "Code")]
    #[schema(example = "APP.NotExis")]
    pub code: String,
    /// What it means, for people, in the language that was asked for; it may end with what was found.
    #[serde(rename = "Message")]
    #[schema(example = "The app is not installed")]
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_without_error_has_no_error_member() {
        let envelope = Envelope { data: [0_u8; 0], error: None };
        assert_eq!(serde_json::to_string(&envelope).expect("it serializes"), r#"{"ResponseData":[]}"#);
    }

    #[test]
    fn an_error_is_spelled_as_the_contract_spells_it() {
        let error =
            ErrorInfo { code: "SystemError".into(), message: "系统异常,请联系管理员".into() };
        let envelope = Envelope { data: [0_u8; 0], error: Some(error) };
        assert_eq!(
            serde_json::to_string(&envelope).expect("it serializes"),
            r#"{"ResponseData":[],"Error":{"Code":"SystemError","Message":"系统异常,请联系管理员"}}"#
        );
    }
}
