//! Settings: one TOML file, `APPMANAGE_*` variables and flags, in rising order.
//!
//! [`table`] declares every setting once; `value` reads the types they have; `layers` gathers what was
//! given where. What a setting does is the business of whoever is handed it.

mod address;
mod error;
mod file;
mod layers;
mod listen;
mod nearest;
mod table;
mod value;

pub(crate) use error::{ConfigError, is_lasting};
pub(crate) use layers::{Flags, Inputs};
pub(crate) use listen::ListenAddress;
pub(crate) use table::Config;
pub(crate) use value::{LogFormat, Publish};

use layers::Chosen;

/// The settings in force, and where each comes from.
#[derive(Debug)]
pub(crate) struct Effective {
    pub(crate) config: Config,
    chosen: Chosen,
}

impl Effective {
    /// Reads every layer and checks every value.
    pub(crate) fn of(inputs: &Inputs) -> Result<Self, ConfigError> {
        let chosen = Chosen::of(inputs)?;
        let config = Config::read(&chosen)?;
        config.check(&chosen)?;
        Ok(Self { config, chosen })
    }

    /// The settings in force as a TOML file, with where each comes from: what `appmanage settings` prints.
    pub(crate) fn to_toml(&self) -> String {
        let lines: Vec<(String, String)> = self
            .config
            .values_as_toml()
            .into_iter()
            .map(|(key, value)| (format!("{key} = {value}"), self.chosen.origin(key).to_string()))
            .collect();
        let width = lines.iter().map(|(setting, _)| setting.chars().count()).max().unwrap_or(0);
        lines.iter().map(|(setting, origin)| format!("{setting:width$}  # {origin}\n")).collect()
    }
}

#[cfg(test)]
mod packaged;
#[cfg(test)]
mod tests;
