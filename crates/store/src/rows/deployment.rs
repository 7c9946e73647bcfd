//! Where an app was put, as JSON. It holds passwords: nothing here can be printed.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::observation::Expectation;
use domain::package::Speaks;
use domain::{
    Deployment, KeptVolume, Login, MainEndpoint, PortReservation, Protocol, Secret, SubnetReservation,
};
use ipnet::Ipv4Net;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::ProtocolText;

#[derive(Serialize, Deserialize)]
pub(super) struct DeploymentRow {
    folder: PathBuf,
    compose_file: PathBuf,
    ports: Vec<PortRow>,
    subnets: Vec<SubnetRow>,
    images: Vec<String>,
    services: Vec<ServiceRow>,
    main_service: Option<String>,
    patience_ms: u64,
    main: Option<MainRow>,
    admin_path: String,
    user_name: String,
    password: String,
    /// Since version 4.
    #[serde(default)]
    user_variable: Option<String>,
    /// Since version 2; before, the password itself stood in `password`.
    #[serde(default)]
    password_variable: Option<String>,
    secrets: Vec<SecretRow>,
    /// Since version 5.
    #[serde(default)]
    tokens: Vec<String>,
    /// Since version 2.
    #[serde(default)]
    kept_volumes: Vec<KeptVolumeRow>,
}

#[derive(Serialize, Deserialize)]
struct PortRow {
    address: IpAddr,
    #[serde(with = "ProtocolText")]
    protocol: Protocol,
    port: u16,
    service: String,
    target: u16,
}

#[derive(Serialize, Deserialize)]
struct SubnetRow {
    network: String,
    #[serde(serialize_with = "subnet_to_text", deserialize_with = "subnet_from_text")]
    subnet: Ipv4Net,
}

#[derive(Serialize, Deserialize)]
struct ServiceRow {
    name: String,
    one_shot: bool,
}

#[derive(Serialize, Deserialize)]
struct MainRow {
    address: IpAddr,
    port: u16,
    #[serde(with = "SpeaksRow")]
    speaks: Speaks,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Speaks", rename_all = "snake_case")]
enum SpeaksRow {
    Http {
        ready_path: String,
        path: String,
        /// Since version 4.
        #[serde(default)]
        tls: bool,
    },
    Tcp,
}

#[derive(Serialize, Deserialize)]
struct KeptVolumeRow {
    service: String,
    target: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
struct SecretRow {
    variable: String,
    value: String,
}

pub(crate) fn to_json(deployment: &Deployment) -> serde_json::Result<String> {
    serde_json::to_string(&DeploymentRow::from(deployment))
}

impl From<&Deployment> for DeploymentRow {
    fn from(deployment: &Deployment) -> Self {
        let service =
            |(name, one_shot): &(String, bool)| ServiceRow { name: name.clone(), one_shot: *one_shot };
        let secret = |(variable, value): &(String, Secret)| SecretRow {
            variable: variable.clone(),
            value: value.reveal().to_owned(),
        };
        Self {
            folder: deployment.folder.clone(),
            compose_file: deployment.compose_file.clone(),
            ports: deployment.ports.iter().cloned().map(PortRow::from).collect(),
            subnets: deployment.subnets.iter().cloned().map(SubnetRow::from).collect(),
            images: deployment.images.clone(),
            services: deployment.expected.services.iter().map(service).collect(),
            main_service: deployment.expected.main_service.clone(),
            patience_ms: u64::try_from(deployment.patience.as_millis()).unwrap_or(u64::MAX),
            main: deployment.main.clone().map(MainRow::from),
            admin_path: deployment.admin_path.clone(),
            user_name: deployment.login.user_name.clone(),
            password: deployment.login.password.reveal().to_owned(),
            user_variable: deployment.user_variable.clone(),
            password_variable: deployment.password_variable.clone(),
            secrets: deployment.secrets.iter().map(secret).collect(),
            tokens: deployment.tokens.iter().map(|token| token.reveal().to_owned()).collect(),
            kept_volumes: deployment.kept_volumes.iter().cloned().map(KeptVolumeRow::from).collect(),
        }
    }
}

impl From<DeploymentRow> for Deployment {
    fn from(row: DeploymentRow) -> Self {
        let service = |row: ServiceRow| (row.name, row.one_shot);
        let secret = |row: SecretRow| (row.variable, Secret::from_text(row.value));
        Self {
            folder: row.folder,
            compose_file: row.compose_file,
            ports: row.ports.into_iter().map(PortReservation::from).collect(),
            subnets: row.subnets.into_iter().map(SubnetReservation::from).collect(),
            images: row.images,
            expected: Expectation {
                services: row.services.into_iter().map(service).collect(),
                main_service: row.main_service,
            },
            patience: Duration::from_millis(row.patience_ms),
            main: row.main.map(MainEndpoint::from),
            admin_path: row.admin_path,
            login: Login { user_name: row.user_name, password: Secret::from_text(row.password) },
            user_variable: row.user_variable,
            password_variable: row.password_variable,
            secrets: row.secrets.into_iter().map(secret).collect(),
            tokens: row.tokens.into_iter().map(Secret::from_text).collect(),
            kept_volumes: row.kept_volumes.into_iter().map(KeptVolume::from).collect(),
        }
    }
}

/// Both directions between a domain struct and a row of the same fields.
macro_rules! same_fields {
    ($domain:ident, $row:ident { $($field:ident),* }) => {
        impl From<$domain> for $row {
            fn from($domain { $($field),* }: $domain) -> Self {
                Self { $($field),* }
            }
        }

        impl From<$row> for $domain {
            fn from($row { $($field),* }: $row) -> Self {
                Self { $($field),* }
            }
        }
    };
}

same_fields!(PortReservation, PortRow { address, protocol, port, service, target });
same_fields!(KeptVolume, KeptVolumeRow { service, target, name });
same_fields!(SubnetReservation, SubnetRow { network, subnet });
same_fields!(MainEndpoint, MainRow { address, port, speaks });

fn subnet_to_text<S: Serializer>(subnet: &Ipv4Net, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(subnet)
}

fn subnet_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ipv4Net, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
