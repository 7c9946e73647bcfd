//! Closed sets of the domain as the texts that stand for them in JSON.
//!
//! Where the domain gives a stable name, that is the text. The others are listed here once more, and do
//! not compile when the domain gets another.

use domain::{ContainerState, FailureClass, Health, OperationKind, Protocol, RestartPolicy, Status, Step};
use serde::{Deserialize, Serialize};

/// A module for `#[serde(with = "...")]`.
macro_rules! by_stable_name {
    ($module:ident, $type:ty, $to_text:expr, $from_text:expr) => {
        pub(super) mod $module {
            use super::*;

            pub(crate) fn serialize<S: serde::Serializer>(
                value: &$type,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                let to_text: fn(&$type) -> &'static str = $to_text;
                serializer.serialize_str(to_text(value))
            }

            pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$type, D::Error> {
                let from_text: fn(&str) -> Option<$type> = $from_text;
                let text = String::deserialize(deserializer)?;
                from_text(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not known")))
            }
        }
    };
}

by_stable_name!(failure_class, FailureClass, |class| class.as_str(), FailureClass::from_text);
by_stable_name!(operation_kind, OperationKind, |kind| kind.as_str(), OperationKind::from_text);
by_stable_name!(step, Step, |step| step.as_str(), Step::from_text);
by_stable_name!(status, Status, |status| status.as_str(), |text| {
    Status::ALL.iter().copied().find(|status| status.as_str() == text)
});

#[derive(Serialize, Deserialize)]
#[serde(remote = "Protocol", rename_all = "snake_case")]
pub(super) enum ProtocolText {
    Tcp,
    Udp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ContainerState", rename_all = "snake_case")]
pub(super) enum ContainerStateText {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Health", rename_all = "snake_case")]
pub(super) enum HealthText {
    None,
    Starting,
    Healthy,
    Unhealthy,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RestartPolicy", rename_all = "snake_case")]
pub(super) enum RestartPolicyText {
    No,
    OnFailure,
    Always,
}
