//! `template.toml` of a Dokploy template: its variables, domains, environment and files, as they are written. What the
//! variables in them stand for is worked out in [`crate::formats::dokploy_values`].

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::formats::Untranslatable;
use crate::formats::interpolation::is_name;

/// What an entry of `.env` that is a table of its own calls its name, its value, and what else is said of it.
const NAME_KEYS: [&str; 2] = ["name", "key"];
const VALUE_KEYS: [&str; 2] = ["value", "default"];
const REQUIRED: &str = "required";
const WORD_KEYS: [&str; 3] = [REQUIRED, "description", "label"];
/// The service that entries are for: `.env` is one for all.
const SERVICE_KEYS: [&str; 2] = ["serviceName", "service"];

/// What a template says beside its compose file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) variables: BTreeMap<String, String>,
    /// The app's own first.
    pub(super) domains: Vec<Domain>,
    /// Lines of `.env`.
    pub(super) env: Vec<String>,
    /// Those of their names that have no value and need one.
    pub(super) required: BTreeSet<String>,
    pub(super) mounts: Vec<Mount>,
}

/// An address that the app is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Domain {
    pub(super) service: String,
    pub(super) port: u16,
    pub(super) host: String,
    pub(super) path: String,
}

/// A file that is written beside the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) path: String,
    pub(super) content: String,
}

/// Reads a template.
///
/// # Errors
///
/// `Unreadable`: it is not TOML, also not after what Dokploy's own reader forgives has been put right.
pub(super) fn parse(text: &str) -> Result<Template, Untranslatable> {
    let table: Table = toml::from_str(text).or_else(|error| {
        let mended = mend(text);
        toml::from_str(&mended).map_err(|_| {
            let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            Untranslatable::Unreadable(format!("template.toml, line {line}: {}", error.message()))
        })
    })?;
    let config = table.get("config").and_then(Value::as_table);
    let variables = table.get("variables").and_then(Value::as_table).map(texts).unwrap_or_default();
    let mut domains: Vec<Domain> = tables(config, "domains").filter_map(domain).collect();
    lead(&mut domains);
    let mut required = BTreeSet::new();
    Ok(Template {
        variables: variables.into_iter().collect(),
        domains,
        env: env(config, &mut required),
        required,
        mounts: tables(config, "mounts").filter_map(mount).collect(),
    })
}

fn tables<'a>(config: Option<&'a Table>, key: &str) -> impl Iterator<Item = &'a Table> {
    let entries = config.and_then(|config| config.get(key)).and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(Value::as_table)
}

fn domain(table: &Table) -> Option<Domain> {
    Some(Domain {
        service: table.get("serviceName").and_then(plain)?,
        port: table.get("port").and_then(plain)?.trim().parse().ok().filter(|port| *port != 0)?,
        host: table.get("host").and_then(plain).unwrap_or_default(),
        path: table.get("path").and_then(plain).unwrap_or_default(),
    })
}

/// The first domain is the app's own. Of those that share its host, the one for the whole of it is.
fn lead(domains: &mut [Domain]) {
    let is_whole = |domain: &Domain| domain.path.len() <= 1;
    let whole = domains.iter().position(|domain| domain.host == domains[0].host && is_whole(domain));
    if let Some(whole) = whole {
        domains[..=whole].rotate_right(1);
    }
}

fn mount(table: &Table) -> Option<Mount> {
    let path = table.get("filePath").and_then(plain)?;
    Some(Mount { path, content: table.get("content").and_then(plain).unwrap_or_default() })
}

/// The lines of `.env`. Where an author wrote them below the header of a domain or a file, they belong to that for TOML.
fn env(config: Option<&Table>, required: &mut BTreeSet<String>) -> Vec<String> {
    if let Some(env) = config.and_then(|config| config.get("env")) {
        return env_lines(env, required);
    }
    let entries = tables(config, "domains").chain(tables(config, "mounts"));
    entries.filter_map(|entry| entry.get("env")).flat_map(|env| env_lines(env, required)).collect()
}

/// The lines of `.env`: a list of them, or a table, in which each service may have lines of its own.
fn env_lines(env: &Value, required: &mut BTreeSet<String>) -> Vec<String> {
    match env {
        Value::Table(table) => entry(table, required).map_or_else(
            || {
                let of_env = table.iter().filter(|(key, _)| !SERVICE_KEYS.contains(&key.as_str()));
                let is_of_service = SERVICE_KEYS.iter().any(|key| table.contains_key(*key));
                let of_key = |(key, value): (&String, &Value)| match plain(value) {
                    Some(value) if !(is_of_service && key == "env") => vec![format!("{key}={value}")],
                    _ => env_lines(value, required),
                };
                of_env.flat_map(of_key).collect()
            },
            |line| vec![line],
        ),
        Value::Array(items) => items.iter().flat_map(|item| env_lines(item, required)).collect(),
        line => plain(line).into_iter().collect(),
    }
}

/// The line of a table that says in words what the others write: `{ name = "A", value = "1" }`.
fn entry(table: &Table, required: &mut BTreeSet<String>) -> Option<String> {
    let text = |keys: &[&str]| keys.iter().find_map(|key| table.get(*key).and_then(plain));
    let name = text(&NAME_KEYS).filter(|name| is_name(name))?;
    let value = text(&VALUE_KEYS);
    if value.is_none() && !WORD_KEYS.iter().any(|key| table.contains_key(*key)) {
        return None;
    }
    let value = value.unwrap_or_default();
    if value.is_empty() && text(&[REQUIRED]).is_some_and(|flag| flag == "true") {
        required.insert(name.clone());
    }
    Some(format!("{name}={value}"))
}

fn texts(table: &Table) -> Vec<(String, String)> {
    table.iter().filter_map(|(key, value)| Some((key.clone(), plain(value)?))).collect()
}

/// A value that is one word or text; tables and lists are none.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Datetime(time) => Some(time.to_string()),
        Value::Array(_) | Value::Table(_) => None,
    }
}

/// Puts right what Dokploy's reader takes and TOML does not: an empty list or table of something that follows in its own
/// section, and backslashes that begin no escape.
fn mend(text: &str) -> String {
    let is_given_again = |line: &str| {
        let Some((key, value)) = line.split_once('=') else { return false };
        let (key, value) = (key.trim(), value.trim());
        let sections = [format!("[[config.{key}]]"), format!("[config.{key}]"), format!("[{key}]")];
        matches!(value, "[]" | "{}")
            && text.lines().any(|line| sections.iter().any(|name| line.trim() == name))
    };
    let kept: String =
        text.lines().filter(|line| !is_given_again(line)).flat_map(|line| [line, "\n"]).collect();
    double_backslashes(&kept)
}

/// Doubles each backslash between double quotes that begins no escape.
fn double_backslashes(text: &str) -> String {
    const ENDS: [&str; 4] = ["\"\"\"", "'''", "\"", "'"];
    let (mut mended, mut rest, mut open) = (String::with_capacity(text.len()), text, None);
    while let Some(first) = rest.chars().next() {
        let mut taken = first.len_utf8();
        match open {
            None if first == '#' => taken = rest.find('\n').unwrap_or(rest.len()),
            None => {
                if let Some(end) = ENDS.into_iter().find(|end| rest.starts_with(end)) {
                    (open, taken) = (Some(end), end.len());
                }
            }
            Some(end) if rest.starts_with(end) => (open, taken) = (None, end.len()),
            Some(end) if first == '\\' && end.starts_with('"') => {
                let next = rest[1..].chars().next();
                if next.is_some_and(|next| "btnfre\"\\uUx \t\r\n".contains(next)) {
                    taken += next.map_or(0, char::len_utf8);
                } else {
                    mended.push('\\');
                }
            }
            // A text on one line that never ends: what follows is no text.
            Some("\"" | "'") if first == '\n' => open = None,
            Some(_) => {}
        }
        mended.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    mended
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn env_is_a_table_or_a_list() {
        let of = |text: &str| parse(text).expect("it is read").env;
        assert_eq!(of("[config.env]\nA = \"x\"\nB = true\nC = 5\n"), ["A=x", "B=true", "C=5"]);
        assert_eq!(of("[config]\nenv = [\"A=x\", { B = false }, 7]\n"), ["A=x", "B=false", "7"]);
        assert_eq!(of("[config]\nenv = {}\n"), [""; 0]);
        assert_eq!(of("variables = {}\n"), [""; 0]);
        assert_eq!(of("[config.env]\nA = 1\ndb = [\"B=2\"]\nweb = [\"C=3\"]\n"), ["A=1", "B=2", "C=3"]);
        let misplaced =
            "[[config.domains]]\nport = 1\nenv = [\"A=1\"]\n[[config.mounts]]\nfilePath = \"x\"\n";
        assert_eq!(of(misplaced), ["A=1"]);
    }

    #[test]
    fn an_entry_of_env_may_say_its_name_and_value_in_words() {
        let template = parse(
            "[config]\nenv = [{ name = \"A\", required = true }, { key = \"B\", value = \"x\", required = true },\n\
             { name = \"C\", default = 5 }, { name = \"D\", description = \"why\" }, { name = \"e\" },\n\
             { serviceName = \"db\", env = [\"F=1\", { name = \"G\", required = false }] },\n\
             { serviceName = \"db\", env = \"H=I=1\" }]\n",
        )
        .expect("it is read");
        assert_eq!(template.env, ["A=", "B=x", "C=5", "D=", "name=e", "F=1", "G=", "H=I=1"]);
        assert_eq!(template.required, BTreeSet::from(["A".to_owned()]));
    }

    #[test]
    fn domains_without_a_port_and_mounts_without_a_path_are_none() {
        let template = parse(
            "[[config.domains]]\nserviceName = \"web\"\nport = 8_080\nhost = \"${domain}\"\npath = \"/admin\"\n\
             [[config.domains]]\nserviceName = \"api\"\nport = \"81\"\n[[config.domains]]\nserviceName = \"x\"\n\
             [[config.mounts]]\n[[config.mounts]]\nfilePath = \"a\"\ncontent = \"\"\"\none\n\"\"\"\n",
        )
        .expect("it is read");
        let ports: Vec<_> =
            template.domains.iter().map(|d| (d.service.as_str(), d.port, d.path.as_str())).collect();
        assert_eq!(ports, [("web", 8080, "/admin"), ("api", 81, "")]);
        assert_eq!(template.mounts, [Mount { path: "a".into(), content: "one\n".into() }]);
    }

    #[test]
    fn what_dokploy_forgives_is_put_right() {
        let text = "[config]\nmounts = []\nenv = []\n# it's \"fine\n[[config.mounts]]\nfilePath = \"a\"\n\
                    content = \"\"\"\nmatch(\\$[A-Z]\\n) \\\" \\\\ 'x\n\"\"\"\n";
        assert!(toml::from_str::<Table>(text).is_err());
        let template = parse(text).expect("it is put right");
        assert_eq!(template.mounts[0].content, "match(\\$[A-Z]\n) \" \\ 'x\n");
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let error = parse("[config]\nenv = [\n").expect_err("it is no TOML");
        assert!(error.to_string().contains("template.toml, line"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\[|\\]|config|mounts|env|=|\"|'|\\\\|#|\n|é|\\$|\\{|\\}| ){0,80}") {
            drop(parse(&text));
            drop(mend(&text));
        }
    }
}
