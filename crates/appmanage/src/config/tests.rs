//! Which layer wins, what is refused, and that the documentation says what the table says.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::table::{DefaultValue, SETTINGS};
use super::*;

/// Settings as they are read with that file, those variables and nothing else.
struct Given {
    home: tempfile::TempDir,
    inputs: Inputs,
}

impl Given {
    fn nothing() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let variables = [("HOME".to_owned(), home.path().display().to_string())].into();
        Self { inputs: Inputs { variables, is_root: false, flags: Flags::default() }, home }
    }

    fn file(mut self, text: &str) -> Self {
        let path = self.home.path().join("settings.toml");
        fs::write(&path, text).expect("it can be written");
        self.inputs.flags.config = Some(path);
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.inputs.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn listen(mut self, address: &str) -> Self {
        self.inputs.flags.listen.push(address.to_owned());
        self
    }

    fn effective(&self) -> Effective {
        Effective::of(&self.inputs).expect("the settings are sound")
    }

    fn error(&self) -> String {
        Effective::of(&self.inputs).expect_err("the settings are not sound").to_string()
    }

    fn origin(&self, key: &str) -> String {
        self.effective().chosen.origin(key).to_string().replace(&self.home.path().display().to_string(), "~")
    }
}

#[test]
fn without_anything_given_the_defaults_hold() {
    let given = Given::nothing();
    let config = given.effective().config;
    assert_eq!(config.data_dir, given.home.path().join(".local/state/appmanage"));
    let listen: Vec<String> = config.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["unix:appmanage.sock", "127.0.0.1:5000"]);
    assert_eq!(config.installs_at_once.get(), 2);
    assert!(config.api_require_headers && config.api_hosts.is_empty() && config.catalog_dir.is_none());
    assert_eq!(config.engine_host.0, "unix:///var/run/docker.sock");
    assert!(!config.public_host.0.is_empty());
}

#[test]
fn root_and_users_have_data_directories_of_their_own() {
    let mut given = Given::nothing().variable("XDG_STATE_HOME", "/state");
    assert_eq!(given.effective().config.data_dir, Path::new("/state/appmanage"));
    given.inputs.is_root = true;
    assert_eq!(given.effective().config.data_dir, Path::new("/var/lib/appmanage"));
    let mut homeless = Given::nothing();
    homeless.inputs.variables.clear();
    assert!(homeless.error().starts_with("data_dir must be set"), "{}", homeless.error());
    homeless.inputs.flags.data_dir = Some(PathBuf::from("/data"));
    assert_eq!(homeless.effective().config.data_dir, Path::new("/data"));
}

#[test]
fn flags_win_over_variables_and_they_over_the_file() {
    let given = Given::nothing().file("listen = [\"[::1]:1\"]\n\n[installs]\nat_once = 3\n");
    assert_eq!(given.origin("listen"), "~/settings.toml:1");
    assert_eq!(given.origin("installs.at_once"), "~/settings.toml:4");
    assert_eq!(given.effective().config.installs_at_once.get(), 3);

    let given = given.variable("APPMANAGE_LISTEN", "localhost:2, unix:/run/a.sock");
    assert_eq!(given.origin("listen"), "environment APPMANAGE_LISTEN");
    assert_eq!(given.effective().config.listen.len(), 2);

    let given = given.listen("127.0.0.1:3");
    assert_eq!(given.origin("listen"), "flag --listen");
    assert_eq!(given.effective().config.listen, [ListenAddress::Tcp("127.0.0.1:3".to_owned())]);
}

#[test]
fn engine_host_wins_over_docker_host_and_that_over_the_default() {
    let given = Given::nothing().variable("DOCKER_HOST", "unix:///run/other.sock");
    assert_eq!(given.effective().config.engine_host.0, "unix:///run/other.sock");
    assert_eq!(given.origin("engine.host"), "environment DOCKER_HOST");
    let given = given.file("engine.host = \"tcp://127.0.0.1:2375\"");
    assert_eq!(given.effective().config.engine_host.0, "tcp://127.0.0.1:2375");
    assert_eq!(given.origin("engine.host"), "~/settings.toml:1");
}

#[test]
fn a_file_is_found_where_it_belongs_and_one_that_was_named_must_be_there() {
    let given = Given::nothing();
    let folder = given.home.path().join(".config/appmanage");
    fs::create_dir_all(&folder).expect("it can be created");
    fs::write(folder.join("appmanage.toml"), "installs.at_once = 5").expect("it can be written");
    assert_eq!(given.effective().config.installs_at_once.get(), 5);
    let named = given.variable("APPMANAGE_CONFIG", "/nowhere/appmanage.toml");
    assert_eq!(named.error(), "cannot read the configuration file /nowhere/appmanage.toml");
}

#[test]
fn a_key_that_is_not_known_is_named_with_its_line_and_the_nearest() {
    let error = |text: &str| {
        let given = Given::nothing().file(text);
        given.error().replace(&given.home.path().display().to_string(), "~")
    };
    let advice = "docs/configuration.md lists them";
    assert_eq!(
        error("\n[installs]\nat_onse = 3"),
        format!(
            "~/settings.toml:3: there is no setting installs.at_onse (did you mean installs.at_once?); {advice}"
        )
    );
    assert_eq!(
        error("[instals]\nat_once = 3"),
        format!(
            "~/settings.toml:2: there is no setting instals.at_once (did you mean installs.at_once?); {advice}"
        )
    );
    assert_eq!(
        error("colour = \"blue\""),
        format!("~/settings.toml:1: there is no setting colour; {advice}")
    );
    assert_eq!(
        Given::nothing().variable("APPMANAGE_INSTALLS_ATONCE", "3").error(),
        format!(
            "there is no setting for the environment variable APPMANAGE_INSTALLS_ATONCE (did you mean \
             APPMANAGE_INSTALLS_AT_ONCE?); {advice}"
        )
    );
}

#[test]
fn a_value_that_cannot_be_is_named_with_its_place_and_what_to_write() {
    let error = |text: &str| {
        let given = Given::nothing().file(text);
        given.error().replace(&given.home.path().display().to_string(), "~")
    };
    assert_eq!(
        error("installs.at_once = 0"),
        "~/settings.toml:1: installs.at_once cannot be \"0\": write a whole number from 1 to 32"
    );
    assert_eq!(
        error("api.require_headers = 1.5"),
        "~/settings.toml:1: api.require_headers cannot be a float: write true or false"
    );
    assert_eq!(
        error("network.port_first = 30000\nnetwork.port_last = 20000"),
        "~/settings.toml:2: network.port_last cannot be \"20000\": it lies below network.port_first, which is 30000"
    );
    assert_eq!(
        error("network.subnet_pool = \"10.1.0.0/28\""),
        "default: network.subnet_prefix cannot be \"27\": the pool network.subnet_pool is smaller: 10.1.0.0/28"
    );
    for (text, part) in [
        ("data_dir = \"relative\"", "write an absolute path"),
        ("listen = []", "listen somewhere"),
        ("listen = [\"unix:a\", \"[::1]:7\", \"unix:a\"]", "unix:a stands there twice"),
        ("[[listen]]", "listen cannot be an array"),
        ("listen = [\"5000\"]", "HOST:PORT"),
        ("listen = [\"unix:a/b.sock\"]", "the name of a file in the data directory"),
        ("network.subnet_pool = \"10.1.0.1/16\"", "an IPv4 network"),
        ("log.level = \"inof\"", "info,docker=debug"),
        ("log.format = \"xml\"", "text or json"),
        ("engine.host = \"ssh://host\"", "unix:///path"),
        ("installs = 3", "there is no setting installs"),
        ("installs.at_once = ", "this is no TOML"),
        ("[a]\n[a]\n", "settings.toml:2: this is no TOML"),
    ] {
        assert!(error(text).contains(part), "{text}: {}", error(text));
    }
    let flag = Given::nothing().listen("nonsense");
    assert!(flag.error().starts_with("flag --listen: listen cannot be"), "{}", flag.error());
}

#[test]
fn what_is_printed_is_a_file_that_gives_the_same_settings() {
    let given = Given::nothing()
        .file("log.level = \"info,docker=debug\"")
        .variable("APPMANAGE_API_HOSTS", "apps.example,other.example");
    let printed = given.effective().to_toml();
    for line in ["log.level = \"info,docker=debug\" ", "api.hosts = [\"apps.example\", \"other.example\"] "] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(printed.contains("# environment APPMANAGE_API_HOSTS\n") && printed.contains("# default\n"));
    let again = Given::nothing().file(&printed);
    assert_eq!(again.effective().config.values_as_toml(), given.effective().config.values_as_toml());
    assert_eq!(printed.lines().count(), SETTINGS.len());
}

/// docs/configuration.md as the table has it.
fn page() -> String {
    let mut page = include_str!("page_head.md").to_owned();
    for setting in SETTINGS {
        let default = match setting.default {
            DefaultValue::Is("") => "empty".to_owned(),
            DefaultValue::Is(text) => format!("`{text}`"),
            DefaultValue::Depends { described, .. } => described.to_owned(),
        };
        let meaning: Vec<&str> = setting.meaning.iter().map(|line| line.trim()).collect();
        write!(
            page,
            "\n### `{}`\n\n{}\n\n- Environment: `{}`\n- Form: {}\n- Default: {default}\n",
            setting.key,
            meaning.join("\n"),
            setting.variable(),
            (setting.form)(),
        )
        .expect("a text can grow");
    }
    page
}

#[test]
#[expect(clippy::disallowed_methods, reason = "asks whether to write the page instead")]
fn the_documentation_lists_every_setting_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page()).expect("the page can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page(), "docs/configuration.md is old: run UPDATE_DOCS=1 cargo test -p appmanage");
}

#[test]
fn what_the_api_is_reached_by_is_checked_where_it_was_written() {
    for (setting, error) in [
        ("api.base = \"/a b\"", "api.base cannot be \"/a b\": write empty for the root, or a path"),
        ("api.base = \"/a/../b\"", "api.base cannot be"),
        ("api.cors_origins = [\"*\"]", "api.cors_origins cannot be [\"*\"]: write a list, each an origin"),
        (
            "api.hosts = [\"a.example:80\"]",
            "api.hosts cannot be [\"a.example:80\"]: write a list, each a host name",
        ),
        (
            "public_host = \"http://a.example\"",
            "public_host cannot be \"http://a.example\": write a host name",
        ),
        ("public_host = \"a b\"", "public_host cannot be"),
        ("public_host = \"192.0.2.1:80\"", "public_host cannot be"),
        ("public_host = \"\"", "public_host cannot be"),
    ] {
        let given = Given::nothing().file(&format!("\n{setting}\n"));
        assert!(given.error().contains(&format!("settings.toml:2: {error}")), "{}", given.error());
    }
}

#[test]
fn what_the_api_is_reached_by_is_read_in_each_sound_spelling() {
    for (written, read) in [("", ""), ("/", ""), ("api/v1/", "/api/v1")] {
        let given = Given::nothing().file(&format!("api.base = {written:?}"));
        assert_eq!(given.effective().config.api_base.0, read);
    }
    for (written, read) in [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("Apps.Example", "apps.example"),
    ] {
        let given = Given::nothing().variable("APPMANAGE_PUBLIC_HOST", written);
        assert_eq!(given.effective().config.public_host.0, read);
    }
}
