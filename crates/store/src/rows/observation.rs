//! What Docker showed last, as JSON: the restarts remembered in it must outlive the server.

use domain::observation::{LastEnd, ObservedContainer, RestartHistory};
use domain::{ContainerFacts, ContainerId, ContainerState, Health, Observation, RestartPolicy, Timestamp};
use serde::{Deserialize, Serialize};

use super::text::{ContainerStateText, HealthText, RestartPolicyText};

#[derive(Serialize, Deserialize)]
pub(super) struct ObservationRow {
    containers: Vec<ContainerRow>,
    answered: Option<AnsweredRow>,
}

#[derive(Serialize, Deserialize)]
struct AnsweredRow {
    container: String,
    started_at: i64,
}

#[derive(Serialize, Deserialize)]
struct ContainerRow {
    id: String,
    name: String,
    service: String,
    #[serde(with = "ContainerStateText")]
    state: ContainerState,
    exit_code: i64,
    oom_killed: bool,
    #[serde(with = "HealthText")]
    health: Health,
    restart_count: u32,
    #[serde(with = "RestartPolicyText")]
    restart_policy: RestartPolicy,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    restarts: RestartsRow,
    last_end: Option<LastEndRow>,
}

#[derive(Serialize, Deserialize)]
struct LastEndRow {
    exit_code: i64,
    oom_killed: bool,
}

#[derive(Serialize, Deserialize)]
struct RestartsRow {
    last: Option<LastLookRow>,
    seen_at: Vec<i64>,
}

#[derive(Serialize, Deserialize)]
struct LastLookRow {
    restart_count: u32,
    at: i64,
}

pub(crate) fn to_json(observation: &Observation) -> serde_json::Result<String> {
    serde_json::to_string(&ObservationRow::from(observation))
}

impl From<&Observation> for ObservationRow {
    fn from(observation: &Observation) -> Self {
        let answered = |(container, started_at): &(ContainerId, Timestamp)| AnsweredRow {
            container: container.to_string(),
            started_at: started_at.as_millis(),
        };
        Self {
            containers: observation.containers.values().map(ContainerRow::from).collect(),
            answered: observation.answered.as_ref().map(answered),
        }
    }
}

impl From<ObservationRow> for Observation {
    fn from(row: ObservationRow) -> Self {
        let keyed = |container: ObservedContainer| (container.facts.id.clone(), container);
        let answered = |row: AnsweredRow| {
            (ContainerId::from_text(row.container), Timestamp::from_millis(row.started_at))
        };
        Self {
            containers: row.containers.into_iter().map(ObservedContainer::from).map(keyed).collect(),
            answered: row.answered.map(answered),
        }
    }
}

impl From<&ObservedContainer> for ContainerRow {
    fn from(container: &ObservedContainer) -> Self {
        let facts = &container.facts;
        Self {
            id: facts.id.to_string(),
            name: facts.name.clone(),
            service: facts.service.clone(),
            state: facts.state,
            exit_code: facts.exit_code,
            oom_killed: facts.oom_killed,
            health: facts.health,
            restart_count: facts.restart_count,
            restart_policy: facts.restart_policy,
            created_at: facts.created_at.as_millis(),
            started_at: facts.started_at.map(Timestamp::as_millis),
            finished_at: facts.finished_at.map(Timestamp::as_millis),
            restarts: RestartsRow::from(&container.restarts),
            last_end: container
                .last_end
                .map(|end| LastEndRow { exit_code: end.exit_code, oom_killed: end.oom_killed }),
        }
    }
}

impl From<ContainerRow> for ObservedContainer {
    fn from(row: ContainerRow) -> Self {
        Self {
            facts: ContainerFacts {
                id: ContainerId::from_text(row.id),
                name: row.name,
                service: row.service,
                state: row.state,
                exit_code: row.exit_code,
                oom_killed: row.oom_killed,
                health: row.health,
                restart_count: row.restart_count,
                restart_policy: row.restart_policy,
                created_at: Timestamp::from_millis(row.created_at),
                started_at: row.started_at.map(Timestamp::from_millis),
                finished_at: row.finished_at.map(Timestamp::from_millis),
                // Every look tells these anew.
                depends_on: Vec::new(),
                is_partial: false,
            },
            restarts: row.restarts.into(),
            last_end: row
                .last_end
                .map(|end| LastEnd { exit_code: end.exit_code, oom_killed: end.oom_killed }),
        }
    }
}

impl From<&RestartHistory> for RestartsRow {
    fn from(restarts: &RestartHistory) -> Self {
        let last = |(restart_count, at): (u32, Timestamp)| LastLookRow { restart_count, at: at.as_millis() };
        Self {
            last: restarts.last.map(last),
            seen_at: restarts.seen_at.iter().map(|at| at.as_millis()).collect(),
        }
    }
}

impl From<RestartsRow> for RestartHistory {
    fn from(row: RestartsRow) -> Self {
        Self {
            last: row.last.map(|last| (last.restart_count, Timestamp::from_millis(last.at))),
            seen_at: row.seen_at.into_iter().map(Timestamp::from_millis).collect(),
        }
    }
}
