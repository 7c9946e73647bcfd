//! The layers: defaults, `DOCKER_HOST`, the file, `APPMANAGE_*`, flags. The last that gives a setting wins.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Origin};
use super::file;
use super::nearest::nearest;
use super::table::{DefaultValue, SETTINGS};
use super::value::{Raw, Value};

/// Names the configuration file, as `--config` does.
const CONFIG_VARIABLE: &str = "APPMANAGE_CONFIG";

/// Names the server that the client speaks to: no setting of a server's.
const SERVER_VARIABLE: &str = "APPMANAGE_SERVER";

/// What was given on the command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) listen: Vec<String>,
}

/// All that settings are read from. Injected, so that tests have their own.
#[derive(Debug)]
pub(crate) struct Inputs {
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) is_root: bool,
    pub(crate) flags: Flags,
}

impl Inputs {
    /// Those of this process. Variables that are empty count as unset.
    pub(crate) fn of_process(flags: Flags) -> Result<Self, ConfigError> {
        let mut variables = BTreeMap::new();
        for (name, value) in env::vars_os() {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) if !value.is_empty() => drop(variables.insert(name, value)),
                (Ok(name), Err(_)) if name.starts_with("APPMANAGE_") => {
                    return Err(ConfigError::VariableNotText { name });
                }
                // Not ours, or empty.
                _ => {}
            }
        }
        Ok(Self { variables, is_root: rustix::process::geteuid().is_root(), flags })
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// A folder of the user's, by the XDG specification: relative paths are not valid there.
    fn user_dir(&self, variable: &str, in_home: &str) -> Option<PathBuf> {
        let named = self.variable(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        named.or_else(|| self.variable("HOME").map(|home| Path::new(home).join(in_home)))
    }

    pub(super) fn default_data_dir(&self) -> Option<String> {
        if self.is_root {
            return Some("/var/lib/appmanage".to_owned());
        }
        let state = self.user_dir("XDG_STATE_HOME", ".local/state")?;
        state.join("appmanage").to_str().map(str::to_owned)
    }

    /// The configuration file, and whether somebody named it: then it has to be there.
    fn config_file(&self) -> Option<(PathBuf, bool)> {
        let named = self.flags.config.clone().or_else(|| self.variable(CONFIG_VARIABLE).map(PathBuf::from));
        if let Some(path) = named {
            return Some((path, true));
        }
        let folder =
            if self.is_root { PathBuf::from("/etc") } else { self.user_dir("XDG_CONFIG_HOME", ".config")? };
        Some((folder.join("appmanage/appmanage.toml"), false))
    }
}

/// What won for each setting, and where it comes from.
#[derive(Debug)]
pub(super) struct Chosen(BTreeMap<&'static str, (Raw, Origin)>);

impl Chosen {
    pub(super) fn of(inputs: &Inputs) -> Result<Self, ConfigError> {
        let mut chosen = Self(BTreeMap::new());
        chosen.take_defaults(inputs);
        chosen.take_docker_host(inputs);
        chosen.take_file(inputs)?;
        chosen.take_variables(inputs)?;
        chosen.take_flags(&inputs.flags)?;
        Ok(chosen)
    }

    fn take(&mut self, key: &'static str, raw: Raw, origin: Origin) {
        self.0.insert(key, (raw, origin));
    }

    fn take_defaults(&mut self, inputs: &Inputs) {
        for setting in SETTINGS {
            let text = match setting.default {
                DefaultValue::Is(text) => Some(text.to_owned()),
                DefaultValue::Depends { find, .. } => find(inputs),
            };
            if let Some(text) = text {
                self.take(setting.key, Raw::One(text), Origin::Default);
            }
        }
    }

    fn take_docker_host(&mut self, inputs: &Inputs) {
        if let Some(host) = inputs.variable("DOCKER_HOST") {
            self.take("engine.host", Raw::one(host), Origin::Variable("DOCKER_HOST".to_owned()));
        }
    }

    fn take_file(&mut self, inputs: &Inputs) -> Result<(), ConfigError> {
        let Some((path, is_named)) = inputs.config_file() else { return Ok(()) };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => return Ok(()),
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        for given in file::read(&path, &text)? {
            self.take(given.key, given.raw, given.place);
        }
        Ok(())
    }

    fn take_variables(&mut self, inputs: &Inputs) -> Result<(), ConfigError> {
        let ours = inputs.variables.iter().filter(|(name, _)| name.starts_with("APPMANAGE_"));
        for (name, value) in
            ours.filter(|(name, _)| ![CONFIG_VARIABLE, SERVER_VARIABLE].contains(&name.as_str()))
        {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == *name) else {
                let known: Vec<String> = SETTINGS.iter().map(super::table::Setting::variable).collect();
                let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
                return Err(ConfigError::UnknownVariable { name: name.clone(), nearest });
            };
            self.take(setting.key, Raw::one(value), Origin::Variable(name.clone()));
        }
        Ok(())
    }

    fn take_flags(&mut self, flags: &Flags) -> Result<(), ConfigError> {
        if let Some(path) = &flags.data_dir {
            // A flag is written by somebody who stands somewhere.
            let refused = |reason: &str| ConfigError::Value {
                place: Origin::Flag("--data-dir"),
                key: "data_dir",
                given: format!("{path:?}"),
                reason: reason.to_owned(),
            };
            let path = std::path::absolute(path).map_err(|error| refused(&error.to_string()))?;
            let text = path.to_str().ok_or_else(|| refused("it is not UTF-8 text"))?;
            self.take("data_dir", Raw::one(text), Origin::Flag("--data-dir"));
        }
        if !flags.listen.is_empty() {
            self.take("listen", Raw::Many(flags.listen.clone()), Origin::Flag("--listen"));
        }
        Ok(())
    }

    /// Where the value comes from.
    pub(super) fn origin(&self, key: &str) -> &Origin {
        self.0.get(key).map_or(&Origin::Default, |(_, origin)| origin)
    }

    pub(super) fn read<T: Value>(&self, key: &'static str) -> Result<T, ConfigError> {
        let (raw, _) = self.0.get(key).ok_or(ConfigError::Missing { key })?;
        T::read(raw).ok_or_else(|| self.refused(key, &format!("write {}", T::form())))
    }

    /// The error that says why that value cannot be.
    pub(super) fn refused(&self, key: &'static str, reason: &str) -> ConfigError {
        let given = self.0.get(key).map(|(raw, _)| raw.quoted()).unwrap_or_default();
        ConfigError::Value { place: self.origin(key).clone(), key, given, reason: reason.to_owned() }
    }
}
