//! Every setting, declared once: its key, type, default and meaning. The names of the environment
//! variables, the reading, `appmanage settings` and docs/configuration.md all follow from this table.

use std::path::PathBuf;

use ipnet::Ipv4Net;

use super::address::{Base, HostName, Origin, PublicHost};
use super::error::ConfigError;
use super::layers::{Chosen, Inputs};
use super::listen::ListenAddress;
use super::value::{
    AcmeDirectory, EngineHost, LogFormat, LogLevel, MailAddress, PackageName, Publish, UserName, Value, Whole,
};

/// What holds where nothing is given.
#[derive(Clone, Copy)]
pub(super) enum DefaultValue {
    /// Always this.
    Is(&'static str),
    /// It depends on who runs the server, and where.
    Depends {
        /// On what, for the documentation.
        #[cfg_attr(
            not(test),
            expect(dead_code, reason = "read by the test that keeps the documentation current")
        )]
        described: &'static str,
        /// `None` where there is none: then it must be given.
        find: fn(&Inputs) -> Option<String>,
    },
}

/// What is declared of a setting.
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) default: DefaultValue,
    /// What it means, as Markdown.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by the test that keeps the documentation current")
    )]
    pub(super) meaning: &'static [&'static str],
    /// What has to be written.
    pub(super) form: fn() -> String,
}

impl Setting {
    /// The name of its environment variable.
    pub(super) fn variable(&self) -> String {
        format!("APPMANAGE_{}", self.key.replace('.', "_").to_uppercase())
    }
}

macro_rules! settings {
    ($($(#[doc = $meaning:literal])+ $key:literal => $field:ident: $type:ty = $default:expr;)+) => {
        /// The settings, checked each for itself.
        #[derive(Debug)]
        pub(crate) struct Config {
            $($(#[doc = $meaning])+ pub(crate) $field: $type,)+
        }

        /// All that can be set, in the order of the documentation.
        pub(super) const SETTINGS: &[Setting] = &[
            $(Setting { key: $key, default: $default, meaning: &[$($meaning),+], form: <$type>::form },)+
        ];

        impl Config {
            pub(super) fn read(chosen: &Chosen) -> Result<Self, ConfigError> {
                Ok(Self { $($field: chosen.read($key)?,)+ })
            }

            /// Key and value of each.
            pub(super) fn values_as_toml(&self) -> Vec<(&'static str, String)> {
                vec![$(($key, self.$field.to_toml()),)+]
            }
        }
    };
}

settings! {
    /// Where the server keeps its database, its socket and the folders of the apps. Created with mode 0700 if
    /// it is not there. One server at a time uses it.
    "data_dir" => data_dir: PathBuf = DefaultValue::Depends {
        described: "`/var/lib/appmanage` for root, else `$XDG_STATE_HOME/appmanage` \
                    (`~/.local/state/appmanage`)",
        find: Inputs::default_data_dir,
    };

    /// Where the API listens, one or more of `HOST:PORT` and `unix:PATH`. A mere name after `unix:` lies in the
    /// data directory. Sockets get mode 0660, with `gateway.user` 0666: then it is the caller's user that counts.
    /// Nothing listens on a public address unless it is named here; without a gateway the API asks for no password
    /// (docs/gateway.md).
    "listen" => listen: Vec<ListenAddress> = DefaultValue::Is("unix:appmanage.sock, 127.0.0.1:5000");

    /// The host name or address in the URLs of apps.
    "public_host" => public_host: PublicHost = DefaultValue::Depends {
        described: "the address of the interface that the default route leaves by, else `127.0.0.1`",
        find: |_| Some(host::default_public_address().to_string()),
    };

    /// The path before `/AppInstall` and the others, such as `/api`. Empty: the root.
    "api.base" => api_base: Base = DefaultValue::Is("");

    /// Whether calls must have the headers `Version` and `Language`. `false` lets clients in that send neither.
    "api.require_headers" => api_require_headers: bool = DefaultValue::Is("true");

    /// Origins (`https://console.example`) whose pages may call the API from a browser.
    "api.cors_origins" => api_cors_origins: Vec<Origin> = DefaultValue::Is("");

    /// Names that the server is reached by, as the `Host` header tells them, besides `public_host`, addresses
    /// and loopback names.
    "api.hosts" => api_hosts: Vec<HostName> = DefaultValue::Is("");

    /// What the server writes for nginx: the files of apps under names of their own, and their certificates. Empty:
    /// `gateway` in the data directory.
    "gateway.dir" => gateway_dir: Option<PathBuf> = DefaultValue::Is("");

    /// The directory of nginx's configuration, in which `nginx.conf` includes `conf.d/*.conf`.
    "gateway.nginx_dir" => gateway_nginx_dir: PathBuf = DefaultValue::Is("/etc/nginx");

    /// The system user that the gateway's workers run as (`www-data`): on a Unix socket, callers of that user are the
    /// gateway. With this or `gateway.secret_file` set, only the gateway is answered, and on a Unix socket root and the
    /// server's own user; everybody else finds nothing here. `appmanage gateway init` tells what to set.
    "gateway.user" => gateway_user: Option<UserName> = DefaultValue::Is("");

    /// A file with the secret by which a gateway on TCP is known: it sends it as `X-Appmanage-Secret`. At least 32
    /// characters; nobody else may be able to read the file.
    "gateway.secret_file" => gateway_secret_file: Option<PathBuf> = DefaultValue::Is("");

    /// Whether API keys that may only look see the passwords of apps.
    "gateway.read_only_passwords" => gateway_read_only_passwords: bool = DefaultValue::Is("false");

    /// The directory of the certification authority that certificates for apps under names of their own come from
    /// (ACME, RFC 8555). Let's Encrypt's terms, or those of whichever you name, are agreed to by the first domain.
    "acme.directory" => acme_directory: AcmeDirectory =
        DefaultValue::Is("https://acme-v02.api.letsencrypt.org/directory");

    /// Where the certification authority may write to, when it has something to say about your certificates.
    "acme.contact" => acme_contact: Option<MailAddress> = DefaultValue::Is("");

    /// A certificate in PEM: who is trusted to be the certification authority, in place of those whom the machine
    /// trusts. For an authority of your own.
    "acme.ca_file" => acme_ca_file: Option<PathBuf> = DefaultValue::Is("");

    /// Installs at work at once; the others wait, oldest first.
    "installs.at_once" => installs_at_once: Whole<1, 32> = DefaultValue::Is("2");

    /// Seconds without any progress after which the pull of an image is given up. (A pull may take as long as
    /// it likes while bytes arrive.)
    "installs.pull_idle_seconds" => installs_pull_idle_seconds: Whole<10, 86_400> = DefaultValue::Is("300");

    /// Days that an uninstalled app lies in the recycle bin before it is deleted for good.
    "trash.retention_days" => trash_retention_days: Whole<1, 3_650> = DefaultValue::Is("30");

    /// Whether compose projects that this server did not install are shown and can be started, stopped and adopted.
    "projects.foreign" => projects_foreign: bool = DefaultValue::Is("true");

    /// The container engine. It wins over the environment variable `DOCKER_HOST`, which is asked where this is
    /// set nowhere. Behind a port it may be on another machine, whose free disk and memory nobody here can tell: they
    /// are not looked at before an install then.
    "engine.host" => engine_host: EngineHost = DefaultValue::Is("unix:///var/run/docker.sock");

    /// Seconds for which an engine that is away is bridged with the last known state.
    "engine.grace_seconds" => engine_grace_seconds: Whole<0, 3_600> = DefaultValue::Is("10");

    /// First of the host ports that are given to an app when neither the port its package would like nor one of
    /// the hundred after it is free. The default range lies above the well-known services and below both
    /// Kubernetes' node ports (30000) and the ports that Linux hands to outgoing connections (32768).
    "network.port_first" => network_port_first: Whole<1, 65_535> = DefaultValue::Is("20000");

    /// Last of those host ports.
    "network.port_last" => network_port_last: Whole<1, 65_535> = DefaultValue::Is("29999");

    /// On which addresses of the host an app's ports are published where its package names none: `everywhere`, or
    /// `loopback`: then the app is reached by its domain alone, and by programs on this machine. It counts for installs
    /// from then on; an app keeps what it has.
    "network.publish" => network_publish: Publish = DefaultValue::Is("everywhere");

    /// The private network that the subnet of each app is cut from. Subnets that overlap with a route of the host
    /// or with a network of Docker's are passed over. The default has room for 2,048 apps and is nobody's
    /// default: Docker's own are in 172.17–31 and 192.168, Swarm's, cloud networks' and Kubernetes' low in
    /// 10 or at 10.42, 10.96 and 10.244; 100.64.0.0/10 belongs to carriers, Tailscale and Alibaba Cloud, and
    /// 198.18.0.0/15 to proxies' fake addresses. Choose another if a VPN routes all of 10.0.0.0/8 to you.
    "network.subnet_pool" => network_subnet_pool: Ipv4Net = DefaultValue::Is("10.213.0.0/16");

    /// Prefix length of each subnet: 27 has room for 29 containers.
    "network.subnet_prefix" => network_subnet_prefix: Whole<9, 29> = DefaultValue::Is("27");

    /// A directory of packages that adds to those in the binary and overrides them by name.
    "catalog.dir" => catalog_dir: Option<PathBuf> = DefaultValue::Is("");

    /// Packages, by name, that may do on the host what no package may unless it stands here: run privileged, mount
    /// its folders, and so on (docs/packages.md, "What a package may do"). Name only packages whose compose file
    /// you have read: such an app can take over the machine. A name alone means that package of every catalog that is
    /// trusted; `gitea@store` means that of the catalog `store`.
    "policy.exceptions" => policy_exceptions: Vec<PackageName> = DefaultValue::Is("");

    /// How log lines on standard error look.
    "log.format" => log_format: LogFormat = DefaultValue::Is("text");

    /// What is logged.
    "log.level" => log_level: LogLevel = DefaultValue::Is("info");
}

impl Config {
    /// What no setting shows alone.
    pub(super) fn check(&self, chosen: &Chosen) -> Result<(), ConfigError> {
        if self.listen.is_empty() {
            return Err(chosen.refused("listen", "the server has to listen somewhere"));
        }
        let twice = self.listen.iter().enumerate().find(|(at, address)| self.listen[..*at].contains(address));
        if let Some((_, address)) = twice {
            return Err(chosen.refused("listen", &format!("{address} stands there twice")));
        }
        let first = self.network_port_first.get();
        if self.network_port_last.get() < first {
            let reason = format!("it lies below network.port_first, which is {first}");
            return Err(chosen.refused("network.port_last", &reason));
        }
        let pool = self.network_subnet_pool;
        if self.network_subnet_prefix.get() < u32::from(pool.prefix_len()) {
            let reason = format!("the pool network.subnet_pool is smaller: {pool}");
            return Err(chosen.refused("network.subnet_prefix", &reason));
        }
        Ok(())
    }
}
