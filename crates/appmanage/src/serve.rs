//! Placeholder
use crate::config::Config;
use std::collections::BTreeMap;
pub(crate) fn run(_config: Config, _variables: BTreeMap<String, String>) -> anyhow::Result<()> {
    Ok(())
}
