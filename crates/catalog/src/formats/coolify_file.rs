//! A service template of Coolify as it lies in the catalog: a compose file with a header of comments, or a line of the
//! table that Coolify itself fetches. What is in the compose file is not looked at here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::formats::{Tree, Untranslatable};

/// Where the files are, from the root of the repository or from its folder `templates`.
const ROOTS: [&str; 2] = ["templates/", ""];
/// The table. The other one beside it, `service-templates.json`, is for old versions: it tells addresses and host names
/// no longer apart.
const TABLE: &str = "service-templates-latest.json";

/// A template as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    pub(super) compose: String,
    pub(super) slogan: String,
    pub(super) documentation: Option<String>,
    /// The category and the tags.
    pub(super) categories: Vec<String>,
    pub(super) logo: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) is_ignored: bool,
    pub(super) is_amd64_only: bool,
}

/// Where a catalog keeps its templates.
enum Source {
    Files(String),
    Table(String),
}

fn source(tree: &Tree) -> Option<Source> {
    let is_compose = |name: &String| stem(name).is_some();
    for root in ROOTS {
        let (folder, table) = (format!("{root}compose"), format!("{root}{TABLE}"));
        let has_table = tree.files(root).iter().any(|name| name == TABLE);
        if tree.files(&folder).iter().any(is_compose) && (has_table || !root.is_empty()) {
            return Some(Source::Files(folder));
        }
        if has_table {
            return Some(Source::Table(table));
        }
    }
    None
}

/// Whether this is such a catalog.
pub(super) fn is_there(tree: &Tree) -> bool {
    source(tree).is_some()
}

/// The names of all templates.
pub(super) fn names(tree: &Tree) -> Vec<String> {
    match source(tree) {
        None => Vec::new(),
        Some(Source::Files(folder)) => {
            let mut names: Vec<String> =
                tree.files(&folder).iter().filter_map(|name| stem(name)).map(str::to_owned).collect();
            names.dedup();
            names
        }
        Some(Source::Table(path)) => {
            let table = tree.table(&path);
            let entries = table.as_deref().and_then(Value::as_object);
            entries.into_iter().flat_map(Map::keys).cloned().collect()
        }
    }
}

/// Reads one.
///
/// # Errors
///
/// `Unreadable`: it is not there, or not what it should be.
pub(super) fn read(tree: &Tree, name: &str) -> Result<File, Untranslatable> {
    // Where this one is: looking for the place of all would list every template for each.
    for root in ROOTS {
        for end in ["yaml", "yml"] {
            if let Some(text) = tree.text(&format!("{root}compose/{name}.{end}"))? {
                return Ok(of_text(text));
            }
        }
        let table = tree.table(&format!("{root}{TABLE}"));
        if let Some(entry) = table.as_deref().and_then(|table| table.get(name)?.as_object()) {
            return of_entry(entry);
        }
    }
    Err(Untranslatable::Unreadable(format!("there is no template {name}")))
}

fn stem(file: &str) -> Option<&str> {
    file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml"))
}

/// A compose file whose first comments are `# key: value`.
fn of_text(compose: String) -> File {
    let mut file = File::default();
    let comments = compose.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with('#'));
    let pairs = comments.filter_map(|line| line.trim_start_matches('#').split_once(':'));
    for (key, value) in pairs {
        file.take(key.trim(), value.trim());
    }
    File { compose, ..file }
}

fn of_entry(entry: &Map<String, Value>) -> Result<File, Untranslatable> {
    let mut file = File::default();
    for (key, value) in entry {
        match value {
            Value::String(text) => file.take(key, text.trim()),
            Value::Number(number) => file.take(key, &number.to_string()),
            Value::Bool(flag) => file.take(key, &flag.to_string()),
            Value::Array(items) => {
                items.iter().filter_map(Value::as_str).for_each(|item| file.take(key, item));
            }
            Value::Null | Value::Object(_) => {}
        }
    }
    let encoded = entry.get("compose").and_then(Value::as_str).unwrap_or_default();
    let bytes = STANDARD.decode(encoded.trim()).unwrap_or_default();
    let unreadable =
        || Untranslatable::Unreadable(format!("its compose file in {TABLE} is no text in base64"));
    let compose = String::from_utf8(bytes).ok().filter(|text| !text.is_empty()).ok_or_else(unreadable)?;
    Ok(File { compose, ..file })
}

impl File {
    fn take(&mut self, key: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        match key.to_ascii_lowercase().as_str() {
            "slogan" => value.clone_into(&mut self.slogan),
            // Coolify adds to the table where the reader came from.
            "documentation" => {
                let plain = value
                    .trim_end_matches("?utm_source=coolify.io")
                    .trim_end_matches("&utm_source=coolify.io");
                self.documentation = Some(plain.to_owned());
            }
            "category" | "tags" => {
                for word in
                    value.split(',').map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty())
                {
                    if !self.categories.contains(&word) {
                        self.categories.push(word);
                    }
                }
            }
            "logo" => self.logo = Some(value.to_owned()),
            "port" => self.port = value.parse().ok().filter(|port| *port != 0),
            "ignore" => self.is_ignored = value.eq_ignore_ascii_case("true"),
            "amd_only" => self.is_amd64_only = value.eq_ignore_ascii_case("true"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_header_is_the_comments_at_the_beginning() {
        let file = of_text(
            "# documentation: https://a.example/docs?x=1\n#slogan: Notes: for all\n\n# category: Notes, rss\n\
             # tags: rss, sync\n# logo: svgs/a.svg\n# port: 8080\n# amd_only: true\nservices:\n# ignore: true\n"
                .to_owned(),
        );
        assert_eq!(file.slogan, "Notes: for all");
        assert_eq!(file.documentation.as_deref(), Some("https://a.example/docs?x=1"));
        assert_eq!(file.categories, ["notes", "rss", "sync"]);
        assert_eq!((file.port, file.is_ignored, file.is_amd64_only), (Some(8080), false, true));
    }

    #[test]
    fn a_line_of_the_table_is_the_same() {
        let entry = json!({ "slogan": "Notes", "compose": "c2VydmljZXM6IHt9", "tags": ["a", "b"], "category": "c",
            "port": "80", "documentation": "https://a.example?utm_source=coolify.io" });
        let file = of_entry(entry.as_object().expect("an object")).expect("it is read");
        assert_eq!((file.compose.as_str(), file.port), ("services: {}", Some(80)));
        assert_eq!(file.documentation.as_deref(), Some("https://a.example"));
        assert!(of_entry(json!({ "compose": "%" }).as_object().expect("an object")).is_err());
    }
}
