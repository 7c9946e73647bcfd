//! The configuration file that the Debian package and the container image install, deploy/appmanage.toml: made from
//! the table, so that its comments are true.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::table::{DefaultValue, SETTINGS};
use super::*;

const HEAD: &str = "\
# Settings of appmanage. Every setting stands here, those with a # at their default.
# What was changed counts after `systemctl restart appmanage`; `appmanage settings` prints what is in force.
#
# Made from the table in crates/appmanage/src/config/table.rs by `UPDATE_DOCS=1 cargo test -p appmanage`.
";

/// What the package sets. Nothing listens on a port: whoever reached it would be root.
const SET: [(&str, &str); 2] = [
    ("data_dir", "data_dir = \"/var/lib/appmanage\""),
    ("listen", "listen = [\"unix:/run/appmanage/appmanage.sock\"]"),
];

fn inputs(config: Option<PathBuf>) -> Inputs {
    let flags = Flags { config: config.or(Some("/dev/null".into())), ..Flags::default() };
    Inputs { variables: [].into(), is_root: true, flags }
}

fn file() -> String {
    let defaults = Effective::of(&inputs(None)).expect("the defaults are sound").config.values_as_toml();
    let mut file = HEAD.to_owned();
    for (setting, (key, value)) in SETTINGS.iter().zip(&defaults) {
        file.push('\n');
        for line in setting.meaning {
            writeln!(file, "# {}", line.trim()).expect("a text can grow");
        }
        let set = SET.iter().find(|(set, _)| set == key).map(|(_, line)| (*line).to_owned());
        let line = match (set, setting.default) {
            (Some(line), _) => line,
            (None, DefaultValue::Is(_)) => format!("#{key} = {value}"),
            (None, DefaultValue::Depends { described, .. }) => {
                format!("# Default: {described}\n#{key} = \"\"")
            }
        };
        writeln!(file, "# Form: {}\n{line}", (setting.form)()).expect("a text can grow");
    }
    file
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/appmanage.toml")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "asks whether to write the file instead")]
fn the_packaged_file_has_every_setting_as_it_is_and_sets_what_it_means_to() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path(), file()).expect("the file can be written");
    }
    let written = fs::read_to_string(path()).unwrap_or_default();
    assert!(written == file(), "deploy/appmanage.toml is old: run UPDATE_DOCS=1 cargo test -p appmanage");
    let packaged = Effective::of(&inputs(Some(path()))).expect("the file is sound");
    for setting in SETTINGS {
        let is_set = !packaged.chosen.origin(setting.key).to_string().contains("default");
        assert_eq!(is_set, SET.iter().any(|(key, _)| *key == setting.key), "{}", setting.key);
    }
    assert!(packaged.to_toml().contains("listen = [\"unix:/run/appmanage/appmanage.sock\"]"));
}
