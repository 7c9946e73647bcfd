//! `appmanage gateway`: sets up the nginx of this machine in front of the server. What is done is in the crate `gateway`;
//! here are its arguments, what it takes from the settings, and what it prints.

use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use control::ports::{Clock as _, Gateway as _};
use domain::{Timestamp, Validity};
use gateway::{FIRST_USER, HostName, Initialised, Listen, NginxGateway, ServerAddress, Setup, Wishes};
use host::SystemClock;

use crate::config::{Config, ConfigError, Effective, Flags, Inputs, ListenAddress};

/// `gateway`.
#[derive(Subcommand)]
pub(crate) enum GatewayCommand {
    /// Set nginx up, and make the first user
    #[command(after_help = "What is not given is as if it never had been; `status` tells what was.
Example: appmanage gateway init --name apps.example.com")]
    Init(Box<InitFlags>),
    /// Apply what the server wrote for nginx: systemd runs it as root
    #[command(after_help = "Example: appmanage gateway apply")]
    Apply(Place),
    /// Show how the gateway is
    #[command(after_help = "Example: appmanage gateway status")]
    Status(Place),
}

/// `gateway init`.
#[derive(Args)]
pub(crate) struct InitFlags {
    /// A name or address of the API [default: public_host]
    #[arg(long, value_name = "HOST")]
    name: Vec<HostName>,
    /// Certificate and chain, PEM [default: self-signed]
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// For HTTP: a port, or ADDRESS:PORT
    #[arg(long, value_name = "PORT", default_value = "80")]
    listen_http: Listen,
    /// For HTTPS: a port, or ADDRESS:PORT
    #[arg(long, value_name = "PORT", default_value = "443")]
    listen_https: Listen,
    /// Let in who sends no Version and no Language
    #[arg(long)]
    let_old_clients_in: bool,
    /// For nginx's logs
    #[arg(long, value_name = "DIR", default_value = "/var/log/nginx")]
    log_dir: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Where the server's settings are.
#[derive(Args)]
pub(crate) struct Place {
    /// Where everything is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    fn config(self) -> Result<Config, ConfigError> {
        let flags = Flags { config: self.config, data_dir: self.data_dir, listen: Vec::new() };
        Ok(Effective::of(&Inputs::of_process(flags)?)?.config)
    }
}

pub(crate) fn run(command: GatewayCommand) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            GatewayCommand::Init(flags) => init(*flags).await,
            GatewayCommand::Apply(flags) => Ok(of(&flags.config()?).apply().await?),
            GatewayCommand::Status(flags) => status(&flags.config()?).await,
        }
    })
}

/// The gateway that the settings tell of.
pub(crate) fn of(config: &Config) -> NginxGateway {
    let own = config.gateway_dir.clone().unwrap_or_else(|| config.data_dir.join("gateway"));
    NginxGateway::of(&config.gateway_nginx_dir, &own)
}

async fn init(flags: InitFlags) -> anyhow::Result<()> {
    let config = flags.place.config()?;
    let names = if flags.name.is_empty() { vec![config.public_host.0.parse()?] } else { flags.name };
    let absolute = |path: PathBuf| std::path::absolute(&path).with_context(|| path.display().to_string());
    let certificate = flags.certificate.zip(flags.key);
    let certificate = match certificate {
        Some((certificate, key)) => Some((absolute(certificate)?, absolute(key)?)),
        None => None,
    };
    let gateway = of(&config);
    let shown = shown_validity(&gateway).await;
    let wishes = Wishes {
        names,
        certificate,
        renewed: shown.is_some_and(|validity| validity.is_ending(SystemClock.now())),
        listen_http: flags.listen_http,
        listen_https: flags.listen_https,
        server: server_address(&config)?,
        old_clients: flags.let_old_clients_in,
        log_dir: flags.log_dir,
    };
    let Initialised { setup, sites_wait } = gateway.init(wishes, crate::client::now()).await?;
    let mut out = io::stdout().lock();
    writeln!(out, "nginx serves the API at {} ({}).", setup.url(), gateway.main_file().display())?;
    if gateway.is_self_signed(&setup) {
        writeln!(
            out,
            "Its certificate is self-signed: clients have to be told to trust {}.",
            setup.certificate.display()
        )?;
    }
    if sites_wait {
        writeln!(
            out,
            "The domains of apps named a certificate or an address that is gone: systemctl restart appmanage, and they are \
             served again."
        )?;
    }
    if let Some(advice) = gateway.advice() {
        writeln!(out, "Advice: {advice}.")?;
    }
    let socket = sockets(&config).next();
    let socket = socket
        .context("add a Unix socket to the setting listen, and restart the server, to make the first user")?;
    if let Some(password) = gateway::make_first_user(&socket, &config.api_base.0).await? {
        writeln!(
            out,
            "\nThe first user is {FIRST_USER}, and its password, which is shown this once only:\n"
        )?;
        writeln!(out, "    {}\n", password.reveal())?;
    }
    Ok(())
}

/// Where nginx reaches the server, by the settings.
fn server_address(config: &Config) -> anyhow::Result<ServerAddress> {
    if config.gateway_user.is_some() {
        let in_data_dir = |path: &PathBuf| path.starts_with(&config.data_dir);
        let Some(socket) = sockets(config).find(|path| !in_data_dir(path)) else {
            bail!(
                "nginx cannot open a socket in the data directory, which is the server's alone: add \
                 \"unix:/run/appmanage/appmanage.sock\" to the setting listen, and restart the server"
            )
        };
        return Ok(ServerAddress::Unix(socket));
    }
    let Some(secret_file) = config.gateway_secret_file.clone() else {
        bail!(
            "the server does not know nginx yet, and would let nobody in through it: set gateway.user to the user that \
             nginx's workers run as (www-data on Debian, nginx on Fedora) in the server's settings, and restart it"
        )
    };
    let addresses = config.listen.iter().filter_map(|address| match address {
        ListenAddress::Tcp(address) => Some(address),
        ListenAddress::Unix(_) => None,
    });
    let address = addresses.filter_map(|address| address.to_socket_addrs().ok()?.next()).next();
    let address =
        address.context("gateway.secret_file is for a server that listens at HOST:PORT (setting listen)")?;
    let reached = if address.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    } else {
        address
    };
    Ok(ServerAddress::Tcp { address: reached, secret_file })
}

fn sockets(config: &Config) -> impl Iterator<Item = PathBuf> {
    config.listen.iter().filter_map(|address| match address {
        ListenAddress::Unix(path) => Some(Path::new(&config.data_dir).join(path)),
        ListenAddress::Tcp(_) => None,
    })
}

async fn status(config: &Config) -> anyhow::Result<()> {
    let gateway = of(config);
    let mut status = gateway.status().await?;
    if let Some(validity) = shown_validity(&gateway).await {
        status.findings.push(("certificate", unless_ending(validity, SystemClock.now())));
    }
    let mut out = io::stdout().lock();
    write!(out, "{status}")?;
    writeln!(out, "set up with    {}", command_of(&gateway, &status.setup))?;
    if status.is_well() {
        Ok(())
    } else {
        bail!("the gateway is not well: docs/gateway.md tells what to look at")
    }
}

/// Until when the certificate is good that nginx shows, whatever it is.
async fn shown_validity(gateway: &NginxGateway) -> Option<Validity> {
    acme::validity(&gateway.own_certificate().await?)
}

fn unless_ending(validity: Validity, now: Timestamp) -> Result<(), String> {
    if !validity.is_ending(now) {
        return Ok(());
    }
    let left = validity.until.since(now);
    let how_long = match left.as_secs() / (24 * 3600) {
        _ if left.is_zero() => "it has expired".to_owned(),
        days => format!("it expires in {days} days"),
    };
    Err(format!(
        "{how_long}: renew it, then `systemctl reload nginx`; a self-signed one is made anew by the command below"
    ))
}

/// The command that makes this of a bare nginx.
fn command_of(gateway: &NginxGateway, setup: &Setup) -> String {
    let mut words = vec!["appmanage gateway init".to_owned()];
    words.extend(setup.names.iter().map(|name| format!("--name {name}")));
    if !gateway.is_self_signed(setup) {
        words.push(format!("--certificate {} --key {}", setup.certificate.display(), setup.key.display()));
    }
    words.push(format!("--listen-http {} --listen-https {}", setup.listen_http, setup.listen_https));
    if setup.old_clients {
        words.push("--let-old-clients-in".to_owned());
    }
    words.push(format!("--log-dir {}", setup.log_dir.display()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_certificate_that_ends_without_another_is_told_of_in_time() {
        let day = |number: u64| Timestamp::from_millis(0).plus(Duration::from_hours(24 * number));
        let validity = Validity { from: day(0), until: day(90) };
        assert_eq!(unless_ending(validity, day(74)), Ok(()));
        let told = |at| unless_ending(validity, day(at)).expect_err("somebody has to renew it");
        assert!(told(80).starts_with("it expires in 10 days: renew it"), "{}", told(80));
        assert!(told(91).starts_with("it has expired: renew it"), "{}", told(91));
    }
}
