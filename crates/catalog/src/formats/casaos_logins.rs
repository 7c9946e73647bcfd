//! Whom to log in as, where the tips of an app in `CasaOS`' format tell it or its environment names it.

use crate::block::TextBlock;
use crate::formats::environments::Entry;
use crate::formats::interpolation::{Otherwise, Part, Use, parse};
use crate::formats::logins;
use crate::formats::secret_names::{is_foreign, is_made_for, is_plausible, looks_secret};
use domain::template::is_variable_name;

/// A login, as far as it was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Its user, as the file has it.
    pub(super) user_name: String,
    /// The entry that names the user.
    pub(super) user: Option<Entry>,
    /// The entry with the password; without a value, the variable that is its whole value.
    pub(super) password: Option<Entry>,
    /// The password that the app ships with: it is in no entry.
    pub(super) fixed: Option<String>,
}

/// The login that the note tells or, where it tells none, that the entries name; those of the main service first. A
/// password of an entry is made anew for each install, so the note no longer tells it.
pub(super) fn find(entries: &[Entry], main: Option<&str>, note: Option<&mut TextBlock>) -> Option<Found> {
    let found = note.and_then(|note| told(entries, note)).or_else(|| {
        let (of_main, of_others): (Vec<&Entry>, Vec<&Entry>) =
            entries.iter().partition(|entry| Some(entry.service.as_str()) == main);
        named(&of_main).or_else(|| named(&of_others).filter(|found| found.user.is_some()))
    });
    found.map(|mut found| {
        found.user_name = Some(found.user_name).filter(|name| !name.contains('$')).unwrap_or_default();
        if let Some(password) = &mut found.password
            && let Some(variable) = variable(&password.value)
        {
            (password.name, password.value) = (variable, String::new());
        }
        found
    })
}

fn is_password(entry: &Entry) -> bool {
    looks_secret(&entry.name)
        && !is_foreign(&entry.name)
        && is_variable_name(&entry.name)
        && (is_plausible(&entry.value) || variable(&entry.value).is_some())
}

/// The variable that is a whole value, for which a secret is made.
fn variable(value: &str) -> Option<String> {
    match parse(value).as_slice() {
        [Part::Use(Use { name, otherwise: Otherwise::Nothing })] if is_made_for(name) => Some(name.clone()),
        _ => None,
    }
}

/// The login in the note: an entry whose value it has, or whose name; else a user and a password in its words.
fn told(entries: &[Entry], note: &mut TextBlock) -> Option<Found> {
    let in_words = logins::told(&note.en);
    // Notes write a variable without braces.
    let text_of =
        |entry: &Entry| variable(&entry.value).map_or_else(|| entry.value.clone(), |name| format!("${name}"));
    let is_told = |entry: &&Entry| last_word(&note.en, &text_of(entry)).is_some();
    let passwords = || entries.iter().filter(|entry| is_password(entry));
    // Keys and salts are nobody's to type.
    let is_typed = |name: &str| name.contains("TOKEN") || logins::find([name]).is_some();
    let is_named = |entry: &&Entry| is_typed(&entry.name) && last_word(&note.en, &entry.name).is_some();
    let Some(password) = passwords().find(is_told).or_else(|| passwords().find(is_named)) else {
        let (user_name, fixed) = in_words.filter(|(_, password)| !password.contains('$'))?;
        return Some(Found { user_name, fixed: Some(fixed), ..Found::default() });
    };
    let is_user = |entry: &&Entry| {
        let name = entry.name.to_uppercase();
        entry.service == password.service && (name.contains("USER") || name.contains("EMAIL"))
    };
    let user = entries.iter().filter(is_user).find(is_told).cloned();
    let user_name = match (&user, in_words) {
        (Some(user), _) => user.value.clone(),
        (None, Some((user_name, told))) if told == text_of(password) => user_name,
        _ => String::new(),
    };
    let (sample, name) = (text_of(password), variable(&password.value));
    let name = name.as_ref().unwrap_or(&password.name);
    for (text, made) in [(&mut note.en, "made for you:"), (&mut note.zh, "自动生成：")] {
        if let Some(at) = last_word(text, &sample) {
            text.replace_range(at..at + sample.len(), &format!("({made} {name})"));
        }
    }
    Some(Found { user_name, user, password: Some(password.clone()), fixed: None })
}

/// The login that names of entries tell.
fn named(entries: &[&Entry]) -> Option<Found> {
    let is_of_login =
        |entry: &&&Entry| is_password(entry) || (!looks_secret(&entry.name) && !entry.value.is_empty());
    let login = logins::find(entries.iter().filter(is_of_login).map(|entry| entry.name.as_str()))?;
    let find = |name: Option<String>| {
        entries.iter().find(|entry| Some(&entry.name) == name.as_ref()).map(|entry| (*entry).clone())
    };
    let password = find(login.password_variable).filter(is_password)?;
    let user = find(login.user_variable);
    let user_name = user.as_ref().map(|user| user.value.clone()).unwrap_or_default();
    Some(Found { user_name, user, password: Some(password), fixed: None })
}

/// Where that word stands last in a text.
fn last_word(text: &str, word: &str) -> Option<usize> {
    let is_inner = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.rmatch_indices(word)
        .map(|(at, _)| at)
        .find(|at| !text[..*at].ends_with(is_inner) && !text[at + word.len()..].starts_with(is_inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::loose::both;

    fn entry(service: &str, name: &str, value: &str) -> Entry {
        Entry { service: service.to_owned(), name: name.to_owned(), value: value.to_owned() }
    }

    fn summary(found: Option<Found>) -> Option<(String, String)> {
        let found = found?;
        Some((found.user_name, found.fixed.or_else(|| found.password.map(|entry| entry.name))?))
    }

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.to_owned(), password.to_owned()))
    }

    #[test]
    fn entries_name_a_login_those_of_the_main_service_first() {
        let entries = [
            entry("api", "IN_USER_EMAIL", "a@example.org"),
            entry("api", "IN_PASSWORD", "sample"),
            entry("db", "POSTGRES_PASSWORD", "other"),
        ];
        assert_eq!(summary(find(&entries, Some("web"), None)), pair("a@example.org", "IN_PASSWORD"));
        let own = entry("web", "UI_PASSWORD", "sample-2");
        let entries = [&entries[..], &[own]].concat();
        assert_eq!(summary(find(&entries, Some("web"), None)), pair("", "UI_PASSWORD"));
        assert_eq!(summary(find(&entries[2..3], Some("db"), None)), None);
    }

    #[test]
    fn a_table_of_the_note_tells_what_the_app_ships_with_or_who_its_user_is() {
        let table = "First login\nUsername / Password\n`admin` / `sample-1`\nChange it.";
        assert_eq!(summary(find(&[], None, Some(&mut both(table)))), pair("admin", "sample-1"));
        let mut note = both(table);
        let entries = [entry("web", "WEB_PASSWORD", "sample-1")];
        assert_eq!(summary(find(&entries, Some("web"), Some(&mut note))), pair("admin", "WEB_PASSWORD"));
        assert!(note.en.contains("made for you: WEB_PASSWORD"), "{}", note.en);
        let two = "User / Password\na / b\nc / d";
        assert_eq!(summary(find(&[], None, Some(&mut both(two)))), None);
    }

    #[test]
    fn a_secret_that_the_note_calls_by_its_name_is_the_login() {
        let entries = [entry("web", "JWT_SECRET", "sample-1"), entry("web", "SETUP_TOKEN", "sample-2")];
        let mut note = both("Rotate JWT_SECRET, complete the setup with SETUP_TOKEN.");
        assert_eq!(summary(find(&entries, Some("web"), Some(&mut note))), pair("", "SETUP_TOKEN"));
    }
}
