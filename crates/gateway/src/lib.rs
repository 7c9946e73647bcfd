//! The gateway: an nginx of the machine's in front of the server, and of apps under names of their own.
//!
//! It writes nginx's files (the templates are in `deploy/nginx`), brings them to nginx so that a bad one does no harm,
//! and looks whether it did. Who may call is the server's business, which nginx asks; so is which names there are.

mod apply;
mod certificate;
mod connections;
mod error;
mod files;
mod first_user;
mod init;
mod nginx;
mod probe;
mod setup;
mod sites;
mod status;
mod template;
mod value;

use std::path::{Path, PathBuf};

pub use error::GatewayFailure;
pub use first_user::{FIRST_USER, make_first_user};
pub use init::{Initialised, Wishes};
pub use setup::{ServerAddress, Setup};
pub use status::Status;
pub use value::{BadValue, HostName, Listen};

use nginx::Nginx;

/// The nginx of this machine, and what we have in its directory and in ours.
#[derive(Debug)]
pub struct NginxGateway {
    nginx_dir: PathBuf,
    gateway_dir: PathBuf,
    nginx: Nginx,
}

impl NginxGateway {
    /// `nginx_dir` holds `nginx.conf` and `conf.d` (root writes there); `gateway_dir` is what the server writes.
    #[must_use]
    pub fn of(nginx_dir: &Path, gateway_dir: &Path) -> Self {
        let nginx = Nginx::of(nginx_dir);
        Self { nginx_dir: nginx_dir.to_owned(), gateway_dir: gateway_dir.to_owned(), nginx }
    }

    /// The file that nginx reads.
    #[must_use]
    pub fn main_file(&self) -> PathBuf {
        self.nginx_dir.join("conf.d/appmanage.conf")
    }

    /// What is ours in nginx's directory, beside the file that it reads.
    fn own_dir(&self) -> PathBuf {
        self.nginx_dir.join("appmanage")
    }

    /// Where a program of the administrator's puts what a certification authority asks for by the API's own names.
    /// Everybody may read there, nginx's workers among them; root alone writes.
    #[must_use]
    pub fn webroot(&self) -> PathBuf {
        self.own_dir().join("webroot")
    }

    fn setup_file(&self) -> PathBuf {
        self.own_dir().join("gateway.json")
    }

    /// The files of apps under names of their own.
    fn sites(&self) -> PathBuf {
        self.gateway_dir.join("sites")
    }

    /// By which a server that is not root's asks for sites to be applied. A systemd path unit watches it.
    fn request_file(&self) -> PathBuf {
        self.gateway_dir.join("request")
    }

    fn applied_file(&self) -> PathBuf {
        self.gateway_dir.join("applied.json")
    }
}
