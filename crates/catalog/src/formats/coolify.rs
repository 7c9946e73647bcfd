//! Coolify's service templates: `templates/compose/<app>.yaml`, compose files with a header of comments, magic variables
//! and volumes that hold the text of a file; or the table of them, where only that is there.
//!
//! Coolify puts a proxy before every app. Here the port behind the first address is published, and further ones beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::block::{Block, Kind, LoginBlock, ShapeBlock, TextBlock, VariableBlock};
use crate::formats::addresses::{self, Address, HOST};
use crate::formats::coolify_addresses::Addresses;
use crate::formats::coolify_file::{self, File};
use crate::formats::coolify_login::only_variable;
use crate::formats::coolify_magic::{self, Magic};
use crate::formats::interpolation::{is_name, names};
use crate::formats::loose::{self, both};
use crate::formats::offered::{is_reserved, text_variable};
use crate::formats::{Draft, Tree, Untranslatable};
use crate::formats::{bounds, coolify_addresses, coolify_contents, coolify_login, document};

type Object = Map<String, Value>;

/// Where the pictures are that headers name.
const PICTURES: [&str; 2] = ["public/", ""];
/// What Coolify takes for the app's own folder, beside `.`.
const OWN_FOLDERS: [&str; 1] = ["~"];
/// Characters of what Coolify makes up for a user's name.
const USER_LENGTH: u16 = 16;
/// Magic variables of one template. The largest of the field has 40.
const MAGIC_LIMIT: usize = 300;
/// Beginnings that need no explanation in a name that people read.
const SMALL_WORDS: [&str; 6] = ["with", "without", "and", "for", "of", "by"];

/// The apps of the catalog.
pub(super) fn apps(tree: &Tree) -> Vec<String> {
    coolify_file::names(tree)
}

/// Whether this is such a catalog.
pub(super) fn detect(tree: &Tree) -> bool {
    coolify_file::is_there(tree)
}

/// Reads one app.
///
/// # Errors
///
/// Why it is no package.
pub(super) fn read(tree: &Tree, app: &str) -> Result<Vec<Draft>, Untranslatable> {
    let file = coolify_file::read(tree, app)?;
    if file.is_ignored {
        return Err(Untranslatable::Hidden("its catalog marks it as one to be left out".to_owned()));
    }
    let mut compose = document::read_mapping("its compose file", &file.compose)?;
    bounds::check(&compose)?;
    flatten_environments(&mut compose);
    let mut remarks = Vec::new();
    // First of all: Coolify writes these as they are.
    let files = coolify_contents::take(&mut compose, &mut remarks);
    for part in compose.values_mut() {
        loose::each_text(part, &mut |text| *text = unquoted_defaults(with_defaults(text)));
    }
    let one_shot = take_unwatched(&mut compose);
    let mut declared = coolify_addresses::take(&mut compose);
    let magic = magic_names(&compose, &files);
    bounds::check_count("magic variables", magic.len(), MAGIC_LIMIT)?;
    coolify_addresses::add_used(&mut declared, &compose, &magic);
    let web = coolify_addresses::web(&compose, &declared, file.port);
    let addresses = coolify_addresses::publish_others(&mut compose, &declared, web.as_ref(), &mut remarks);
    let hosts = magic.iter().filter_map(|name| match coolify_magic::read(name)? {
        Magic::HostName(reached) => Some((name.clone(), addresses.of(&reached))),
        _ => None,
    });
    let hosts: BTreeMap<String, Address> = hosts.collect();
    for part in compose.values_mut() {
        loose::each_text(part, &mut |text| *text = addresses::settle(text, &hosts));
    }
    let mut variables: Vec<VariableBlock> =
        magic.iter().filter_map(|name| variable(name, &addresses, &compose)).collect();
    variables.extend(addresses.variables());
    variables.extend(named_by_services(&compose, &magic));
    let login = coolify_login::of(&compose, web.as_ref(), &magic);
    let pictures = file.logo.iter().flat_map(|logo| PICTURES.map(|folder| format!("{folder}{logo}")));
    let pictures: Vec<String> = pictures.collect();
    Ok(vec![Draft {
        name: app.to_owned(),
        block: block(app, &file, variables, login, one_shot),
        compose,
        files,
        icon: loose::icon(tree, pictures.iter().map(String::as_str)),
        remarks,
        data_prefixes: OWN_FOLDERS.map(str::to_owned).to_vec(),
        web,
        ..Draft::default()
    }])
}

fn block(
    app: &str,
    file: &File,
    variables: Vec<VariableBlock>,
    login: Option<LoginBlock>,
    one_shot: Vec<String>,
) -> Block {
    Block {
        trademark: title(app),
        description: both(file.slogan.clone()),
        categories: file.categories.clone(),
        website: file.documentation.clone(),
        architectures: if file.is_amd64_only { vec!["amd64".to_owned()] } else { Vec::new() },
        variables,
        login,
        one_shot,
        ..Block::default()
    }
}

/// `nextcloud-with-postgres` is "Nextcloud with Postgres".
fn title(app: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if !SMALL_WORDS.contains(&word) => first.to_uppercase().chain(letters).collect(),
            _ => word.to_owned(),
        }
    };
    let words: Vec<String> = app.split(['-', '_']).filter(|part| !part.is_empty()).map(word).collect();
    words.join(" ")
}

/// `- KEY: value` in a list is `- KEY=value`: Coolify reads either.
fn flatten_environments(compose: &mut Object) {
    for (_, service) in loose::services_mut(compose) {
        let Some(Value::Array(items)) = service.get_mut("environment") else { continue };
        for item in items {
            let Value::Object(map) = &*item else { continue };
            let mut entries = map.iter();
            let (Some((key, value)), None) = (entries.next(), entries.next()) else { continue };
            let text = match value {
                Value::Null => key.clone(),
                Value::String(text) => format!("{key}={text}"),
                Value::Bool(_) | Value::Number(_) => format!("{key}={value}"),
                Value::Array(_) | Value::Object(_) => continue,
            };
            *item = json!(text);
        }
    }
}

/// Services whose end is nothing that Coolify would tell of: they may end, but for those that are always started again.
fn take_unwatched(compose: &mut Object) -> Vec<String> {
    let mut unwatched = Vec::new();
    for (name, service) in loose::services_mut(compose) {
        let restart = loose::text_at(service, "restart").unwrap_or_default();
        let may_end = !matches!(restart.as_str(), "always" | "unless-stopped");
        if service.remove("exclude_from_hc") == Some(json!(true)) && may_end {
            unwatched.push(name.clone());
        }
    }
    unwatched
}

/// A text where what stands behind `:?` is a default: to compose it is what to say of a variable that is not set, to
/// Coolify the value that it is set to at first. Words between blanks are for people.
fn with_defaults(text: &str) -> String {
    let (mut written, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(":?") {
        let default = after.split_once('}').map_or("", |(default, _)| default);
        let has_default = begins_use(before) && !default.is_empty() && !default.contains(char::is_whitespace);
        written.push_str(before);
        written.push_str(if has_default { ":-" } else { ":?" });
        rest = after;
    }
    written.push_str(rest);
    written
}

/// Whether that text ends with `${NAME`, which is compose's: `$${NAME` is the container's own shell's.
fn begins_use(text: &str) -> bool {
    text.rsplit_once("${").is_some_and(|(head, name)| !head.ends_with('$') && is_name(name))
}

/// A text whose defaults have no quotes around them: Coolify writes them into `.env`, where quotes are no part of a value.
fn unquoted_defaults(mut text: String) -> String {
    for quote in ['"', '\''] {
        let (begin, end) = (format!(":-{quote}"), format!("{quote}}}"));
        let (mut written, mut rest) = (String::new(), text.as_str());
        while let Some((before, after)) = rest.split_once(&begin) {
            let default = after.split_once(&end).map(|(default, _)| default);
            written.push_str(before);
            let is_quoted = |default: &&str| begins_use(before) && !default.contains([quote, '}']);
            rest = match default.filter(is_quoted) {
                Some(default) => {
                    written.push_str(&format!(":-{default}"));
                    &after[default.len() + quote.len_utf8()..]
                }
                None => {
                    written.push_str(&begin);
                    after
                }
            };
        }
        text = written + rest;
    }
    text
}

/// The magic variables that are used, and what they need.
fn magic_names(compose: &Object, files: &BTreeMap<String, crate::formats::PackagedFile>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut copy = compose.clone();
    for part in copy.values_mut() {
        loose::each_text(part, &mut |text| found.extend(names(text)));
    }
    for (_, service) in loose::services(compose) {
        let keys: Vec<String> = match service.get("environment") {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::Object(map)) => map.keys().cloned().collect(),
            _ => Vec::new(),
        };
        found.extend(keys.into_iter().filter(|key| coolify_magic::declared(key).is_some()));
    }
    for file in files.values() {
        let text = String::from_utf8_lossy(&file.bytes);
        found.extend(coolify_magic::names_in(&text).map(str::to_owned));
    }
    found.retain(|name| coolify_magic::read(name).is_some());
    if found.iter().any(|name| matches!(coolify_magic::read(name), Some(Magic::Token(_)))) {
        found.insert(coolify_magic::TOKEN_KEY.to_owned());
    }
    found
}

fn variable(name: &str, addresses: &Addresses, compose: &Object) -> Option<VariableBlock> {
    let of = |kind: Kind| VariableBlock { kind, ..text_variable(name) };
    let secret = |shape| VariableBlock { shape: Some(shape), ..of(Kind::Secret) };
    let derived = |value: &str| VariableBlock { value: Some(value.to_owned()), ..of(Kind::Derived) };
    let (mut variable, zh, en) = match coolify_magic::read(name)? {
        Magic::Secret(shape) => (secret(shape), "密码", "Password"),
        Magic::Token(shape) => (secret(shape), "令牌", "Token"),
        // Coolify makes names up too, which some templates take for passwords.
        Magic::User(_) if is_password(name, compose) => {
            (secret(ShapeBlock::Alphanumeric(USER_LENGTH)), "密码", "Password")
        }
        Magic::User(user) => {
            (VariableBlock { default: Some(json!(user)), ..of(Kind::Text) }, "用户名", "User name")
        }
        Magic::Url(reached) => (derived(addresses.of(&reached).url()), "网址", "Address"),
        Magic::HostName(_) => (derived(HOST), "主机名", "Host name"),
    };
    let what = name.rsplit('_').next().unwrap_or(name).to_lowercase();
    variable.label = TextBlock { zh: format!("{zh} ({what})"), en: format!("{en} ({what})") };
    Some(variable)
}

fn is_password(variable: &str, compose: &Object) -> bool {
    let mut all = loose::services(compose).flat_map(|(_, service)| loose::environment(service));
    all.any(|(key, value)| key.contains("PASSWORD") && only_variable(&value).as_deref() == Some(variable))
}

/// What the environment of a service sets to a magic variable has that value in the whole file: Coolify keeps both.
fn named_by_services(compose: &Object, magic: &BTreeSet<String>) -> Vec<VariableBlock> {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, service) in loose::services(compose) {
        for (key, value) in loose::environment(service) {
            let is_free = is_name(&key) && !is_reserved(&key) && !magic.contains(&key);
            let used = only_variable(&value).filter(|used| magic.contains(used));
            if let Some(used) = used.filter(|_| is_free) {
                named.entry(key).or_default().insert(used);
            }
        }
    }
    named
        .into_iter()
        .filter(|(name, used)| used.len() == 1 && is_wanted(compose, name))
        .map(|(name, used)| {
            let value = used.first().map(|used| format!("${{{used}}}"));
            VariableBlock { kind: Kind::Derived, value, ..text_variable(&name) }
        })
        .collect()
}

/// Whether a text uses that name, or an environment has it without a value, which takes it from the surroundings.
fn is_wanted(compose: &Object, name: &str) -> bool {
    let is_bare = |service: &Object| match service.get("environment") {
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str().map(str::trim) == Some(name)),
        Some(Value::Object(map)) => map.get(name).is_some_and(Value::is_null),
        _ => false,
    };
    compose.values().any(|part| loose::uses(part, name))
        || loose::services(compose).any(|(_, service)| is_bare(service))
}

#[cfg(test)]
#[path = "coolify_page_tests.rs"]
mod page_tests;

#[cfg(test)]
#[path = "coolify_tests.rs"]
mod tests;
