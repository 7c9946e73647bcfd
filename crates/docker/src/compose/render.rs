//! Writes the files of an app's folder. Pure: the same project gives the same bytes.
//!
//! `compose.yaml` is the package's text, word for word. All that this server adds stands in
//! `compose.override.yaml`, which a user can read to see what differs; `.env` holds the values (`Project::env_text`).

use std::fmt::Write as _;

use control::ports::Project;
use control::ports::engine::{LABEL_INSTALL, LABEL_INSTANCE};
use domain::package::Service;
use domain::{KeptVolume, PortReservation};

/// Log rotation for services that set none: without it Docker fills the disk.
const LOG_FILE_SIZE: &str = "10m";
const LOG_FILES: &str = "3";

/// `compose.override.yaml`.
pub(super) fn override_file(project: &Project) -> String {
    let mut yaml = Yaml(format!(
        "# Written by appmanage for the app {name:?}. Do not edit it: it is written anew.\n\
         # The package's own file is compose.yaml; here is what this server adds to it.\n",
        name = project.name.as_str()
    ));
    yaml.line(0, "services:");
    for service in &project.package.services {
        yaml.line(1, &format!("{}:", quoted(&service.name)));
        yaml.labels(project);
        if !service.ports.is_empty() {
            yaml.ports(project.ports.iter().filter(|port| port.service == service.name));
        }
        yaml.kept_volumes(project, service);
        yaml.logging(service);
    }
    if !project.package.networks.is_empty() {
        yaml.line(0, "networks:");
    }
    for network in &project.package.networks {
        yaml.line(1, &format!("{}:", quoted(network)));
        yaml.labels(project);
        if let Some(reserved) = project.subnets.iter().find(|reserved| reserved.network == *network) {
            yaml.line(2, "ipam:");
            yaml.line(3, "config:");
            yaml.line(4, &format!("- subnet: {}", quoted(&reserved.subnet.to_string())));
        }
    }
    if !(project.package.volumes.is_empty() && project.kept_volumes.is_empty()) {
        yaml.line(0, "volumes:");
    }
    for (number, kept) in project.kept_volumes.iter().enumerate() {
        yaml.line(1, &format!("{}:", kept_key(number)));
        yaml.line(2, "external: true");
        yaml.line(2, &format!("name: {}", quoted(&kept.name)));
    }
    for volume in &project.package.volumes {
        yaml.line(1, &format!("{}:", quoted(volume)));
        yaml.labels(project);
    }
    yaml.0
}

/// A YAML text in the making.
struct Yaml(String);

impl Yaml {
    fn line(&mut self, depth: usize, text: &str) {
        writeln!(self.0, "{:indent$}{text}", "", indent = 2 * depth).expect("a String takes any text");
    }

    fn labels(&mut self, project: &Project) {
        self.line(2, "labels:");
        self.line(3, &format!("{LABEL_INSTANCE}: {}", quoted(project.instance.as_str())));
        self.line(3, &format!("{LABEL_INSTALL}: {}", quoted(project.install.as_str())));
    }

    /// Puts the reserved ports in the place of the package's, which are only hints.
    fn ports<'a>(&mut self, ports: impl Iterator<Item = &'a PortReservation>) {
        self.line(2, "ports: !override");
        for port in ports {
            self.line(3, &format!("- target: {}", port.target));
            self.line(4, &format!("published: \"{}\"", port.port));
            self.line(4, &format!("protocol: {}", port.protocol));
            // Without a host address Docker publishes on every address of both families.
            if !port.address.is_unspecified() {
                self.line(4, &format!("host_ip: \"{}\"", port.address));
            }
        }
    }

    /// Mounts anonymous volumes of an earlier life where they were.
    fn kept_volumes(&mut self, project: &Project, service: &Service) {
        let of_service = |kept: &&(usize, &KeptVolume)| kept.1.service == service.name;
        let kept: Vec<_> = project.kept_volumes.iter().enumerate().filter(|kept| of_service(&kept)).collect();
        if !kept.is_empty() {
            self.line(2, "volumes:");
        }
        for (number, kept) in kept {
            self.line(3, "- type: volume");
            self.line(4, &format!("source: {}", kept_key(number)));
            self.line(4, &format!("target: {}", quoted(&kept.target)));
        }
    }

    fn logging(&mut self, service: &Service) {
        if service.has_logging {
            return;
        }
        self.line(2, "logging:");
        self.line(3, "driver: json-file");
        self.line(3, "options:");
        self.line(4, &format!("max-size: \"{LOG_FILE_SIZE}\""));
        self.line(4, &format!("max-file: \"{LOG_FILES}\""));
    }
}

/// The key under which the compose file knows an anonymous volume of an earlier life.
fn kept_key(number: usize) -> String {
    format!("appmanage-kept-{number}")
}

/// A text as YAML reads it back (a JSON string is one), safe from compose's interpolation.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace('$', "$$")).to_string()
}
