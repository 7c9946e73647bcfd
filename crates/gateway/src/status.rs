//! How the gateway is: `appmanage gateway status`.

use std::fmt;
use std::fs;
use std::io;

use crate::error::GatewayFailure;
use crate::probe::Probe;
use crate::setup::{Marker, Setup};
use crate::{NginxGateway, connections};

/// How the gateway is.
#[derive(Debug)]
pub struct Status {
    /// How it was set up.
    pub setup: Setup,
    /// What was looked at, and what is wrong with it.
    pub findings: Vec<(&'static str, Result<(), String>)>,
    /// What could be better about nginx's own settings.
    pub advice: Option<String>,
}

impl Status {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|(_, finding)| finding.is_ok())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, finding) in &self.findings {
            let finding = finding.as_ref().map_or_else(String::as_str, |()| "good");
            writeln!(f, "{what:13}  {finding}")?;
        }
        if let Some(advice) = &self.advice {
            writeln!(f, "{:13}  {advice}", "advice")?;
        }
        Ok(())
    }
}

impl NginxGateway {
    /// Looks at everything.
    ///
    /// # Errors
    /// It is not set up, or its files may not be read: root may.
    pub async fn status(&self) -> Result<Status, GatewayFailure> {
        let setup = Setup::read(&self.setup_file())?.ok_or(GatewayFailure::NotSetUp)?;
        let main_file = self.main_file();
        let text = match fs::read_to_string(&main_file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(GatewayFailure::file("read", &main_file)(error));
            }
            // It says below that it is not what it should be.
            read => read.unwrap_or_default(),
        };
        let marker = Marker::in_file(&text);
        let expected = marker
            .as_ref()
            .map(|marker| setup.main_file(marker, &self.sites(), &self.webroot()))
            .transpose()?;
        let is_ours = expected.is_some_and(|expected| expected == text);
        let probe = Probe(&setup);
        let live = match &marker {
            Some(marker) => probe.is_live(marker).await,
            None => Err("there is nothing to serve".to_owned()),
        };
        let again = "it is not what this version writes: run `appmanage gateway init` again";
        let findings = vec![
            ("configuration", if is_ours { Ok(()) } else { Err(again.to_owned()) }),
            ("nginx -t", self.nginx.test().await.map_err(|error| error.to_string())),
            (
                "loaded",
                live.map_err(|why| format!("nginx does not serve it ({why}): systemctl reload nginx")),
            ),
            ("HTTPS", probe.is_well().await),
        ];
        Ok(Status { setup, findings, advice: self.advice() })
    }

    /// What could be better about nginx's own settings; `None` where nothing is to be said.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        let path = self.nginx_dir.join("nginx.conf");
        connections::advice(&path, &fs::read_to_string(&path).ok()?)
    }
}
