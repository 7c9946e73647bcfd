//! Which values of a compose file are samples of secrets, the same for everybody who installs it. What is written in
//! their place is [`super::secrets`]'s.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::block::{Kind, VariableBlock};
use crate::formats::Untranslatable;
use crate::formats::interpolation::{Part, parse};
use crate::formats::logins::is_inner;
use crate::formats::secret_names::{
    is_database_password, is_derived, is_foreign, is_identity, is_made_for, is_own_key, is_placeholder,
    is_plausible, is_short_number_of, is_signed_token, looks_secret, may_repeat_secret,
};
use crate::formats::secrets::Surroundings;

type Object = Map<String, Value>;

/// Shorter values, and those that mean something else too, are only replaced where a secret is meant.
const DISTINCT_LENGTH: usize = 6;
/// Characters of a value with letters and digits that no two people think of.
const UNIQUE_LENGTH: usize = 16;

/// Values of one app that may be secrets: each is looked for in every text and file of it. The most of the field is 40.
const SECRETS_LIMIT: usize = 200;

/// A sample value, and the variable that is made for it.
pub(crate) struct Sample {
    pub(crate) value: String,
    pub(crate) variable: String,
    /// It means something else in the app too, such as its user.
    pub(crate) is_ambiguous: bool,
}

/// The names of one place where a value stands, and how many services have it.
#[derive(Default)]
struct Place {
    names: Vec<String>,
    services: BTreeSet<String>,
    is_wanted: bool,
}

/// What was seen of values: which are secrets, and which mean something else.
struct Seen<'a> {
    fixed: &'a BTreeSet<String>,
    places: Vec<(String, Place)>,
    others: BTreeSet<String>,
    /// Names of values that were made with a secret: hashes, signed tokens.
    derived: BTreeSet<String>,
}

impl Seen<'_> {
    fn note(&mut self, name: &str, value: &str, service: &str, is_declared: bool) {
        let value = unquoted(value);
        let judged =
            judge(name, value, is_declared).filter(|_| !value.is_empty() && !self.fixed.contains(name));
        let Some(is_wanted) = judged else {
            let is_meant = looks_secret(name) || is_signed_token(value);
            if is_derived(value) && is_meant && !is_foreign(name) {
                self.derived.insert(name.to_owned());
            }
            if !may_repeat_secret(name) {
                self.others.insert(value.to_owned());
            }
            return;
        };
        let index = self.places.iter().position(|(known, _)| known == value).unwrap_or_else(|| {
            self.places.push((value.to_owned(), Place::default()));
            self.places.len() - 1
        });
        let place = &mut self.places[index].1;
        place.names.push(name.to_owned());
        place.services.insert(service.to_owned());
        place.is_wanted |= is_wanted;
    }

    /// The password of a URL that leads to another service, which has it in its own text: `redis://:sample@cache`.
    fn note_url(&mut self, text: &str, services: &BTreeMap<&str, String>) {
        let Some((host, password)) = login_of_url(text) else { return };
        let is_known = self.places.iter().any(|(value, _)| value == password);
        let is_told = |service: &String| service.contains(password);
        if !is_known && is_plausible(password) && services.get(host).is_some_and(is_told) {
            let host = host.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            self.note(&format!("{host}_PASSWORD"), password, &host, true);
        }
    }

    /// Whether a value is something else as well, such as its user. A long one that nobody hits on twice is the same
    /// secret under a name that does not tell it.
    fn means_more(&self, value: &str) -> bool {
        let has = |wanted: fn(&u8) -> bool| value.as_bytes().iter().any(wanted);
        let is_unique =
            value.len() >= UNIQUE_LENGTH && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        !is_unique && self.others.contains(value)
    }

    /// What names the user of a store of objects is no secret where it is called a user elsewhere.
    fn drop_identities(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        for (_, place) in places.iter_mut().filter(|(value, _)| self.means_more(value)) {
            place.names.retain(|name| !is_identity(name));
        }
        places.retain(|(_, place)| !place.names.is_empty());
        self.places = places;
    }
}

/// Of a secret, whether it is the app's own; nothing of what is none.
fn judge(name: &str, value: &str, is_declared: bool) -> Option<bool> {
    let is_own = is_declared || is_own_key(name, value) || (is_placeholder(value) && is_made_for(name));
    let may_be_one = is_plausible(value) || is_short_number_of(name, value);
    (is_own || (looks_secret(name) && may_be_one)).then(|| is_own || !is_foreign(name))
}

/// The last word of an image's name: `postgres` of `docker.io/library/postgres:16`.
fn program(image: &str) -> &str {
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split([':', '@']).next().unwrap_or(last)
}

/// The sample secrets, each once.
///
/// # Errors
/// `Unsupported`: there are more than an app may have.
pub(crate) fn find(
    compose: &Object,
    variables: &[VariableBlock],
    around: &Surroundings<'_>,
    remarks: &mut Vec<String>,
) -> Result<Vec<Sample>, Untranslatable> {
    let empty = Object::new();
    let services = compose.get("services").and_then(Value::as_object).unwrap_or(&empty);
    let is_secret = |name: &str| variables.iter().any(|v| v.name == name && v.kind == Kind::Secret);
    let mut seen = look(services, variables, around);
    if seen.places.len() > SECRETS_LIMIT {
        let why = format!("it has more than {SECRETS_LIMIT} values that may be secrets");
        return Err(Untranslatable::Unsupported(why));
    }
    let mut taken: BTreeSet<String> = variables.iter().map(|variable| variable.name.clone()).collect();
    taken.extend(around.known.env().keys().cloned());
    let mut samples = Vec::new();
    for (value, place) in std::mem::take(&mut seen.places) {
        let is_internal = place.is_wanted || place.services.len() > 1;
        // What people are told of the app is not its database's, though it may be the same word.
        let is_told =
            || around.told == Some(value.as_str()) && !place.names.iter().all(|name| is_inner(name));
        if !is_internal || is_told() {
            continue;
        }
        let is_ambiguous = value.len() < DISTINCT_LENGTH || seen.means_more(&value);
        let reason = if is_built_in(&value, &place, services, around) {
            "nothing else in the file is told it: the app has it built in, and only the app's own services reach it"
        } else if !is_ambiguous && around.files.iter().any(|file| file.contains(&value)) {
            "a file of the app has it too"
        } else {
            let variable = variable_name(&place, &taken, &is_secret);
            taken.insert(variable.clone());
            samples.push(Sample { value, variable, is_ambiguous });
            continue;
        };
        remarks.push(format!("{} stays what the catalog says: {reason}", place.names[0]));
    }
    remarks.extend(seen.derived.iter().map(|name| {
        format!("{name} stays what the catalog says, the same for everybody: it was made with a password that it does not tell; set another")
    }));
    // Longer ones first: a shorter one may be a part of them.
    samples.sort_by_key(|sample| std::cmp::Reverse(sample.value.len()));
    Ok(samples)
}

/// Everything that a value stands in: `.env`, defaults and environments.
fn look<'a>(services: &Object, variables: &[VariableBlock], around: &'a Surroundings<'_>) -> Seen<'a> {
    let mut seen =
        Seen { fixed: around.fixed, places: Vec::new(), others: BTreeSet::new(), derived: BTreeSet::new() };
    let is_secret = |name: &str| variables.iter().any(|v| v.name == name && v.kind == Kind::Secret);
    for (name, template) in around.known.env() {
        if let [Part::Text(value)] = parse(template).as_slice()
            && variables.iter().all(|v| v.name != *name || v.kind == Kind::Secret)
        {
            seen.note(name, value, ".env", is_secret(name) && is_plausible(value));
        }
    }
    for variable in variables.iter().filter(|variable| variable.kind == Kind::Text) {
        if let Some(Value::String(default)) = &variable.default {
            seen.note(&variable.name, default, "", false);
        }
    }
    let plain = |text: &Value| match parse(text.as_str()?).as_slice() {
        [Part::Text(value)] => Some(value.clone()),
        _ => None,
    };
    for (service, name, value) in environments(services) {
        if let Some(value) = plain(value) {
            seen.note(name, &value, service, false);
        }
    }
    let texts = services.iter().map(|(name, service)| (name.as_str(), service.to_string())).collect();
    for (_, _, value) in environments(services) {
        if let Some(value) = plain(value) {
            seen.note_url(&value, &texts);
        }
    }
    seen.others.extend(services.keys().cloned());
    // What a program is called, its first user and database often are too.
    let images = services.values().filter_map(|service| service.get("image")?.as_str());
    seen.others.extend(images.map(|image| program(image).to_owned()));
    seen.drop_identities();
    seen
}

fn environments(services: &Object) -> impl Iterator<Item = (&str, &str, &Value)> {
    services.iter().flat_map(|(service, body)| {
        let environment = body.get("environment").and_then(Value::as_object).into_iter().flatten();
        environment.map(|(name, value)| (service.as_str(), name.as_str(), value))
    })
}

/// Whether a database's password is one that the app knows without being told: it is its user's name once more, and
/// no other service has it. Made anew, it would lock the app out.
fn is_built_in(value: &str, place: &Place, services: &Object, around: &Surroundings<'_>) -> bool {
    let Some(service) = place.services.first().filter(|_| place.services.len() == 1) else { return false };
    let Some(database) = services.get(service).filter(|_| services.len() > 1) else { return false };
    let is_user = |(_, name, text): (&str, &str, &Value)| {
        name.to_ascii_uppercase().ends_with("USER") && text.as_str() == Some(value)
    };
    let in_url = format!(":{value}@");
    let is_told = |(name, other): (&String, &Value)| name != service && other.to_string().contains(&in_url);
    place.names.iter().all(|name| is_database_password(name))
        && database.get("ports").is_none()
        && environments(services).filter(|(name, _, _)| name == service).any(is_user)
        && !services.iter().any(is_told)
        && !around.known.env().values().any(|line| line.contains(&in_url))
}

/// Host and password of a URL with both: `cache` and `sample` of `redis://:sample@cache:6379/0`.
fn login_of_url(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', ' ', '$']).next()?;
    let (login, host) = authority.rsplit_once('@')?;
    let (_, password) = login.split_once(':')?;
    Some((host.split(':').next()?, password))
}

/// A value without the quotes that its author put around it, which compose takes for a part of it.
pub(crate) fn unquoted(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// The variable for a value: one of its names that is a variable already, else a new one.
fn variable_name(place: &Place, taken: &BTreeSet<String>, is_secret: &dyn Fn(&str) -> bool) -> String {
    let is_variable = |name: &&String| taken.contains(*name);
    let own = place.names.iter().find(|name| is_secret(name));
    // A name of `.env` or of a variable stands first in the list of names.
    if let Some(name) = own.or_else(|| {
        place
            .names
            .first()
            .filter(is_variable)
            .filter(|_| place.services.iter().any(|s| s.is_empty() || s == ".env"))
    }) {
        return name.clone();
    }
    let wish: String =
        place.names[0].chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let wish = if wish.starts_with(|c: char| c.is_ascii_digit()) { format!("_{wish}") } else { wish };
    let service = place
        .services
        .first()
        .map(|s| s.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
    let mut candidates = std::iter::once(wish.clone())
        .chain(service.map(|service| format!("SECRET_{service}_{wish}")))
        .chain((2..).map(|number| format!("{wish}_{number}")));
    candidates.find(|name| !taken.contains(name)).unwrap_or(wish)
}
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::formats::known::Known;

    fn samples(services: &Value) -> (Vec<(String, String)>, Vec<String>) {
        samples_but(services, None)
    }

    fn samples_but(services: &Value, told: Option<&str>) -> (Vec<(String, String)>, Vec<String>) {
        let Value::Object(compose) = json!({ "services": services }) else { panic!("an object") };
        let (known, fixed, mut remarks) = (Known::default(), BTreeSet::new(), Vec::new());
        let around = Surroundings { known: &known, fixed: &fixed, told, files: &[] };
        let found = find(&compose, &[], &around, &mut remarks).expect("they are few");
        (found.into_iter().map(|sample| (sample.variable, sample.value)).collect(), remarks)
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn what_people_are_told_stays_but_for_a_database_that_has_the_same_word() {
        let services = |web: &str, db: &str| json!({ "web": { "environment": { web: "sample-1" } }, "db": { "environment": { db: "sample-1" } } });
        let (found, _) = samples_but(&services("DB_PASSWORD", "POSTGRES_PASSWORD"), Some("sample-1"));
        assert_eq!(found.len(), 1, "{found:?}");
        let (found, _) = samples_but(&services("ADMIN_PASSWORD", "POSTGRES_PASSWORD"), Some("sample-1"));
        assert_eq!(found, []);
    }

    #[test]
    fn a_password_that_only_addresses_and_commands_have_is_found() {
        let (found, _) = samples(&json!({
            "web": { "environment": { "CACHE": "redis://:sample-of-all@the-cache:6379/1", "API": "https://a:sample-b@example.org" } },
            "the-cache": { "command": "redis-server --requirepass \"sample-of-all\"" },
        }));
        assert_eq!(found, [pair("THE_CACHE_PASSWORD", "sample-of-all")]);
    }

    #[test]
    fn a_value_that_nobody_hits_on_twice_is_one_secret_whatever_it_is_called() {
        let unique = "c6e74adb-3fce-4318-b657";
        let (found, _) = samples(&json!({
            "web": { "environment": { "DATABASE_CREDENTIAL": unique } },
            "db": { "environment": { "POSTGRES_PASSWORD": unique } },
        }));
        assert_eq!(found, [pair("POSTGRES_PASSWORD", unique)]);
        let (compose, web) = (json!({ "environment": { "NOTES_DBPASS": "notes" } }), "web");
        let (found, _) = samples(&json!({ web: compose,
            "db": { "environment": { "POSTGRES_USER": "notes", "POSTGRES_PASSWORD": "notes" } } }));
        assert_eq!(found, [pair("NOTES_DBPASS", "notes")]);
    }

    #[test]
    fn a_password_that_the_app_knows_without_being_told_stays() {
        let database = json!({ "environment": { "POSTGRES_USER": "notes", "POSTGRES_PASSWORD": "notes" } });
        let (found, remarks) = samples(&json!({ "web": { "image": "notes" }, "db": database }));
        assert!(found.is_empty() && remarks[0].contains("POSTGRES_PASSWORD"), "{remarks:?}");
        let told = json!({ "environment": { "URL": "postgres://notes:notes@db/notes" } });
        let (found, _) = samples(&json!({ "web": told, "db": database }));
        assert_eq!(found, [pair("POSTGRES_PASSWORD", "notes")]);
    }

    #[test]
    fn what_was_made_with_a_password_stays_and_is_told() {
        let environment = json!({ "ADMIN_PASSWORD": "$$2y$$10$$abc", "ANON_KEY": "eyJhbGci.eyJyb2xl.c2ln",
            "OPENAI_TOKEN": "eyJhbGci.eyJyb2xl.c2ln", "UI_PASSWORD": "1234", "TOKEN_PORT": "1234" });
        let (found, remarks) = samples(&json!({ "web": { "environment": environment } }));
        assert_eq!(found, [pair("UI_PASSWORD", "1234")]);
        let told = |name: &str| remarks.iter().filter(|remark| remark.starts_with(name)).count();
        assert_eq!((remarks.len(), told("ADMIN_PASSWORD"), told("ANON_KEY")), (2, 1, 1), "{remarks:?}");
    }

    #[test]
    fn placeholders_and_quoted_values_are_samples_and_names_of_users_none() {
        let (found, _) = samples(&json!({
            "web": { "environment": { "SECRET_KEY": "<secret key>", "SMTP_PASSWORD": "<your password>",
                "DB_PASSWORD": "\"sample-1\"", "S3_ACCESS_KEY": "a-user-0", "S3_SECRET_KEY": "sample-2" } },
            "db": { "environment": { "POSTGRES_PASSWORD": "sample-1" } },
            "s3": { "environment": { "MINIO_ROOT_USER": "a-user-0", "MINIO_ROOT_PASSWORD": "sample-2" } },
        }));
        let expected = [
            pair("SECRET_KEY", "<secret key>"),
            pair("DB_PASSWORD", "sample-1"),
            pair("S3_SECRET_KEY", "sample-2"),
        ];
        assert_eq!(found, expected);
    }
}
