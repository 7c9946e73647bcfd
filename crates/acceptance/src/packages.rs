//! Packages of the tests' own, written into a directory that `catalog.dir` names.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::setup::variable;

/// The image that nearly all tests need, by its plain name.
pub const HELLO: &str = "appmanage/hello:1";

/// An image by its name in the test registry, without a mirror between: what the registry answers about it
/// is the last word.
#[must_use]
pub fn in_registry(image: &str) -> String {
    format!("{}/{image}", variable("TESTENV_REGISTRY"))
}

/// A package: its name and the text of its `compose.yaml`.
#[derive(Clone, Debug)]
pub struct Package {
    name: String,
    compose: String,
}

impl Package {
    /// A package of that text.
    #[must_use]
    pub fn of(name: &str, compose: &str) -> Self {
        Self { name: name.to_owned(), compose: compose.to_owned() }
    }

    /// A package of one version with small needs; `rest` are the further keys of its block, indented by two,
    /// and all that follows.
    #[must_use]
    pub fn with(name: &str, rest: &str) -> Self {
        Self { name: name.to_owned(), compose: format!("{}{rest}", block(name, "16M", "16M", 60)) }
    }

    /// Writes it below that directory.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write(&self, directory: &Path) {
        let folder = directory.join(&self.name);
        fs::create_dir_all(&folder).expect("the package's folder can be made");
        fs::write(folder.join("compose.yaml"), &self.compose).expect("the package can be written");
    }

    /// The same, but that service `web` ends with exit code 1 as soon as it is started.
    #[must_use]
    pub fn with_broken_main_service(mut self) -> Self {
        let good = "  web:\n";
        let broken = "  web:\n    environment: { HELLO_EXIT_CODE: \"1\" }\n";
        self.compose = self.compose.replace(good, broken).replacen("unless-stopped", "\"no\"", 1);
        self
    }

    /// The same, but that service `web` listens only after so many seconds.
    #[must_use]
    pub fn with_slow_main_service(self, seconds: u32) -> Self {
        self.with_line("web", &format!("environment: {{ HELLO_DELAY_SECONDS: \"{seconds}\" }}"))
    }

    /// The same with one more line for a service.
    #[must_use]
    pub fn with_line(mut self, service: &str, line: &str) -> Self {
        let head = format!("  {service}:\n");
        self.compose = self.compose.replace(&head, &format!("{head}    {line}\n"));
        self
    }

    /// The same with another main port, which speaks no HTTP.
    #[must_use]
    pub fn with_main_port(mut self, port: u16) -> Self {
        self.compose = self.compose.replace("port: 80, http: {} }", &format!("port: {port} }}"));
        self.compose = self.compose.replace("ports: [\"80\"]", &format!("ports: [\"{port}\"]"));
        self
    }

    /// The same with a restart policy of that name in the place of `unless-stopped`.
    #[must_use]
    pub fn with_restart(mut self, policy: &str) -> Self {
        self.compose = self.compose.replace("unless-stopped", policy);
        self
    }

    /// Two services, of which one waits for the other, a volume and a secret: what real apps are like, of
    /// two megabytes.
    #[must_use]
    pub fn pair(name: &str, image: &str) -> Self {
        let rest = format!(
            "  variables:
    - {{ name: SECRET, kind: secret, label: {{ zh: 密码, en: Password }} }}
  main: {{ service: web, port: 80, http: {{}} }}
services:
  web:
    image: {image}
    restart: unless-stopped
    ports: [\"80\"]
    depends_on:
      database: {{ condition: service_healthy }}
  database:
    image: {image}
    restart: unless-stopped
    environment: {{ HELLO_MESSAGE: \"${{SECRET}}\" }}
    volumes: [\"data:/data\"]
    healthcheck: {{ test: [CMD, /healthcheck], interval: 300ms, timeout: 5s, retries: 20 }}
volumes:
  data:
"
        );
        Self::with(name, &rest)
    }
}

fn block(name: &str, memory: &str, disk: &str, patience_seconds: u32) -> String {
    format!(
        "x-appmanage:
  trademark: {name}
  description: {{ zh: 测试, en: A test }}
  categories: [test]
  versions: [{{ name: \"1\" }}]
  requirements: {{ cpu_cores: 1, memory: {memory}, disk: {disk} }}
  patience_seconds: {patience_seconds}
"
    )
}

/// A package of one service, the hello image, that is told what to do.
#[derive(Clone, Debug)]
pub struct Hello {
    name: String,
    image: String,
    restart: &'static str,
    hint: Option<u16>,
    environment: Vec<(String, String)>,
    memory: String,
    disk: String,
    patience_seconds: u32,
    more: String,
    has_volume: bool,
}

impl Hello {
    /// A package that comes up within a second and stays up.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            image: HELLO.to_owned(),
            restart: "unless-stopped",
            hint: None,
            environment: Vec::new(),
            memory: "16M".to_owned(),
            disk: "16M".to_owned(),
            patience_seconds: 60,
            more: String::new(),
            has_volume: false,
        }
    }

    /// Another image.
    #[must_use]
    pub fn image(mut self, image: &str) -> Self {
        image.clone_into(&mut self.image);
        self
    }

    /// Another restart policy than `unless-stopped`.
    #[must_use]
    pub fn restart(mut self, policy: &'static str) -> Self {
        self.restart = policy;
        self
    }

    /// The host port that it would like.
    #[must_use]
    pub fn hint(mut self, port: u16) -> Self {
        self.hint = Some(port);
        self
    }

    /// What its image is told; see testenv/images/hello.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What it says that it needs.
    #[must_use]
    pub fn requires(mut self, memory: &str, disk: &str) -> Self {
        memory.clone_into(&mut self.memory);
        disk.clone_into(&mut self.disk);
        self
    }

    /// How long it may take.
    #[must_use]
    pub fn patience(mut self, seconds: u32) -> Self {
        self.patience_seconds = seconds;
        self
    }

    /// A health check every second that counts three failures.
    #[must_use]
    pub fn health_check(self) -> Self {
        self.more("healthcheck: { test: [CMD, /healthcheck], interval: 500ms, timeout: 5s, retries: 2 }")
    }

    /// Another line of the service.
    #[must_use]
    pub fn more(mut self, line: &str) -> Self {
        writeln!(self.more, "    {line}").expect("a string takes all");
        self
    }

    /// A named volume `data`.
    #[must_use]
    pub fn volume(mut self) -> Self {
        self.has_volume = true;
        self
    }

    /// The package.
    ///
    /// # Panics
    /// Never: a string takes all.
    #[must_use]
    pub fn package(&self) -> Package {
        let mut compose = block(&self.name, &self.memory, &self.disk, self.patience_seconds);
        let port = self.hint.map_or_else(|| "80".to_owned(), |hint| format!("{hint}:80"));
        write!(
            compose,
            "  main: {{ service: web, port: 80, http: {{}} }}
services:
  web:
    image: {}
    restart: \"{}\"
    ports: [\"{port}\"]
    environment:
      HELLO_FROM: {}
",
            self.image, self.restart, self.name
        )
        .expect("a string takes all");
        for (name, value) in &self.environment {
            writeln!(compose, "      {name}: \"{value}\"").expect("a string takes all");
        }
        compose.push_str(&self.more);
        if self.has_volume {
            compose.push_str("    volumes: [\"data:/data\"]\nvolumes:\n  data:\n");
        }
        Package { name: self.name.clone(), compose }
    }
}
