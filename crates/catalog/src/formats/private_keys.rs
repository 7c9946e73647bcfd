//! Private keys that a catalog brings: the same for everybody who installs the app, and known to everybody who reads the
//! catalog. Each is half of a pair, so none is made anew by itself: its user is asked for both halves. Where nobody can be
//! asked, in a file or for a value of several lines, there is no package.
//!
//! Secrets that any value does for are [`crate::formats::secrets`]'s.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value};

use crate::block::{Kind, VariableBlock};
use crate::formats::environments::each_entry;
use crate::formats::interpolation::{Part, is_name, parse};
use crate::formats::known::Known;
use crate::formats::offered::text_variable;
use crate::formats::secret_names::{
    is_password_hash, is_placeholder, is_plausible, is_private_half, looks_secret,
};
use crate::formats::{PackagedFile, Untranslatable, loose};

type Object = Map<String, Value>;

/// Characters of the shortest key: 32 bytes in base64, less what a sample may lack.
const KEY_LENGTH: usize = 40;
/// Characters of the shortest value that is a key because it is called one: 16 bytes in hexadecimal.
const NAMED_LENGTH: usize = 32;
/// Characters of PEM in base64 that are looked at: enough for what it is and a piece of the key.
const ENCODED_LENGTH: usize = 400;
/// How PEM begins in base64.
const PEM_IN_BASE64: &str = "LS0tLS1CRUdJTi";
/// Ends of names of files in which people set things.
const SETTING_ENDS: [&str; 10] =
    ["yaml", "yml", "toml", "ini", "conf", "cfg", "cnf", "env", "properties", "json"];

/// Asks for the private keys that the catalog has values for, and for their other halves. Returns their names.
///
/// # Errors
///
/// A private key stands where nobody can be asked for another.
pub(crate) fn clean(
    compose: &mut Object,
    variables: &mut Vec<VariableBlock>,
    known: &Known,
    files: &BTreeMap<String, PackagedFile>,
    remarks: &mut Vec<String>,
) -> Result<BTreeSet<String>, Untranslatable> {
    for (path, file) in files {
        let Ok(text) = std::str::from_utf8(&file.bytes) else { continue };
        if holds_private_key(text) {
            return Err(known_to_everybody(&format!("its file {path}")));
        }
        remark_login(&format!("files/{path}"), text, remarks);
    }
    for (name, config) in compose.get("configs").and_then(Value::as_object).into_iter().flatten() {
        let content = config.get("content").and_then(Value::as_str);
        remark_login(&format!("the file {name}"), content.unwrap_or_default(), remarks);
    }
    let samples = samples(compose, variables, known);
    let asked = halves(&samples);
    if let Some(name) = asked.iter().find(|name| samples[*name].contains(char::is_control)) {
        return Err(known_to_everybody(&format!("{name}, of several lines,")));
    }
    for variable in variables.iter_mut().filter(|variable| asked.contains(&variable.name)) {
        *variable = VariableBlock { label: variable.label.clone(), ..text_variable(&variable.name) };
    }
    each_entry(compose, &mut |_, name, value| {
        if asked.contains(name) && plain(value).is_some() {
            *value = format!("${{{name}}}");
        }
    });
    for name in &asked {
        if variables.iter().all(|variable| variable.name != *name) {
            variables.push(text_variable(name));
        }
        remarks.push(format!(
            "{name} has to be set: what the catalog brings is half of a pair that everybody knows"
        ));
    }
    let mut stays = false;
    compose
        .values_mut()
        .for_each(|part| loose::each_text(part, &mut |text| stays |= holds_private_key(text)));
    if stays {
        return Err(known_to_everybody("its compose file"));
    }
    Ok(asked)
}

fn known_to_everybody(what: &str) -> Untranslatable {
    Untranslatable::Unsupported(format!(
        "{what} holds a private key, which everybody can read in the catalog"
    ))
}

/// The plain values that the catalog has for names: defaults, lines of `.env`, entries of environments.
fn samples(compose: &mut Object, variables: &[VariableBlock], known: &Known) -> BTreeMap<String, String> {
    let mut samples = BTreeMap::new();
    let defaults = variables.iter().filter(|variable| variable.kind == Kind::Text).filter_map(|variable| {
        Some((variable.name.clone(), variable.default.as_ref()?.as_str()?.to_owned()))
    });
    samples.extend(defaults);
    samples.extend(known.env().iter().filter_map(|(name, template)| Some((name.clone(), plain(template)?))));
    each_entry(compose, &mut |_, name, value| {
        if let Some(value) = plain(value).filter(|_| is_name(name)) {
            samples.entry(name.to_owned()).or_insert(value);
        }
    });
    samples
}

/// The names of private keys, and of what is called like one of them but public.
fn halves(samples: &BTreeMap<String, String>) -> BTreeSet<String> {
    let is_private = |(name, value): &(&String, &String)| {
        holds_private_key(value) || (is_private_half(name) && is_key(value))
    };
    let private: BTreeSet<String> = samples.iter().filter(is_private).map(|(name, _)| name.clone()).collect();
    let public = |name: &String| {
        let name =
            name.replace("PRIVATE", "PUBLIC").replace("private", "public").replace("Private", "Public");
        samples.get(&name).filter(|value| !value.is_empty()).map(|_| name)
    };
    let public: Vec<String> = private.iter().filter_map(public).collect();
    private.into_iter().chain(public).collect()
}

/// A text without variables.
fn plain(text: &str) -> Option<String> {
    match parse(text).as_slice() {
        [Part::Text(text)] => Some(text.clone()),
        _ => None,
    }
}

/// Whether a private key stands in a text: in PEM, as it is or in base64, or as a JSON web key.
fn holds_private_key(text: &str) -> bool {
    let encoded = || {
        text.match_indices(PEM_IN_BASE64).any(|(at, _)| {
            let is_of_key = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
            // The beginning tells.
            let length = text[at..].chars().take(ENCODED_LENGTH).take_while(|c| is_of_key(*c)).count();
            let word = &text[at..at + length];
            // Of a word that was cut, what is whole.
            let whole = &word[..word.len() / 4 * 4];
            STANDARD_NO_PAD.decode(whole).is_ok_and(|bytes| holds_pem(&String::from_utf8_lossy(&bytes)))
        })
    };
    holds_pem(text) || encoded() || holds_web_key(text)
}

fn holds_pem(text: &str) -> bool {
    text.split("-----BEGIN ").skip(1).any(|block| {
        let Some((kind, body)) = block.split_once("-----") else { return false };
        let key = body.split("-----").next().unwrap_or_default();
        kind.contains("PRIVATE KEY") && key.bytes().filter(u8::is_ascii_alphanumeric).count() >= KEY_LENGTH
    })
}

/// `d` is the private part of every pair.
fn holds_web_key(text: &str) -> bool {
    let is_long = |after: &str| {
        let value = after.trim_start().strip_prefix(':').map(str::trim_start).unwrap_or_default();
        let value = value.strip_prefix('"').and_then(|value| value.split('"').next());
        value.is_some_and(|value| value.len() >= KEY_LENGTH)
    };
    text.contains("\"kty\"") && text.split("\"d\"").skip(1).any(is_long)
}

/// Whether a value is one of a key, and not only says that one belongs there.
fn is_key(value: &str) -> bool {
    let has = |wanted: fn(&u8) -> bool| value.as_bytes().iter().any(wanted);
    value.len() >= NAMED_LENGTH
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
}

/// Names of passwords in one file that are told one by one.
const NAMES_LIMIT: usize = 5;

/// Whether it is random signs, more of them than a password has.
fn is_long_key(value: &str) -> bool {
    value.len() > NAMED_LENGTH && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Tells of the passwords, and the hashes of some, that a file of settings has: they stay what they are.
fn remark_login(place: &str, text: &str, remarks: &mut Vec<String>) {
    if !place.rsplit_once('.').is_some_and(|(_, end)| SETTING_ENDS.contains(&end)) {
        return;
    }
    let quotes = [' ', '\t', '"', '\'', ',', '-'];
    let names = text.lines().filter_map(|line| {
        let (name, value) = line.split_once([':', '='])?;
        let (name, value) = (name.trim_matches(quotes), value.trim_matches(quotes));
        let is_written = (is_plausible(value) || is_long_key(value))
            && !is_placeholder(value)
            && !value.contains(['$', '{', '%'])
            && !names_a_variable(value);
        let is_one = (looks_secret(name) && is_written) || is_password_hash(value);
        (is_one && !name.starts_with(['#', ';', '/'])).then_some(name)
    });
    let mut names: Vec<&str> = names.collect();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let stay = if names.len() == 1 { "stays" } else { "stay" };
    let more = names.len().saturating_sub(NAMES_LIMIT);
    names.truncate(NAMES_LIMIT);
    let names = names.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() };
    remarks.push(format!(
        "{names} in {place} {stay} what the catalog says, which everybody can read: set another after the install"
    ));
}

/// Whether a value says where its program finds the real one: `env:API_KEY`, `os.environ/API_KEY`.
fn names_a_variable(value: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let name = value.rsplit(|c| !is_of_name(c)).next().unwrap_or_default();
    let before = &value[..value.len() - name.len()];
    name.len() > 1 && before.to_ascii_lowercase().contains("env")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::formats::Draft;
    use crate::formats::document::read_mapping;

    /// Long enough to be one, and none.
    const BODY: &str = "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn pem(kind: &str) -> String {
        format!("-----BEGIN {kind}-----\\n{BODY}\\n-----END {kind}-----")
    }

    fn run(compose: Value, env: &str) -> Result<(Object, Vec<VariableBlock>, BTreeSet<String>), String> {
        let Value::Object(mut compose) = compose else { panic!("an object") };
        let known = Known::of(&Draft { env: Some(env.to_owned()), ..Draft::default() });
        let (mut variables, files) = (Vec::new(), BTreeMap::new());
        let asked = clean(&mut compose, &mut variables, &known, &files, &mut Vec::new());
        asked.map(|asked| (compose, variables, asked)).map_err(|error| error.to_string())
    }

    fn of_file(path: &str, text: &str) -> (Result<BTreeSet<String>, Untranslatable>, Vec<String>) {
        let file = PackagedFile { bytes: text.as_bytes().to_vec(), is_executable: false };
        let (files, mut remarks) = (BTreeMap::from([(path.to_owned(), file)]), Vec::new());
        let asked = clean(&mut Object::new(), &mut Vec::new(), &Known::default(), &files, &mut remarks);
        (asked, remarks)
    }

    #[test]
    fn both_halves_of_a_pair_are_asked_for() {
        let (pair, half) =
            ("BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA0QTpQtU", "xQ1VZ5lTfQ0cM3TkOOUHK1EtK2wtaz5Ry4YfYCA0QTo");
        let environment = json!({ "VAPID_PRIVATE_KEY": half, "VAPID_PUBLIC_KEY": pair, "SSH_PRIVATE_KEY": "your-key",
            "SIGNING": pem("EC PRIVATE KEY"), "CA": pem("CERTIFICATE"), "PRIVATE_KEY_PATH": "/run/key" });
        let compose = json!({ "services": { "web": { "environment": environment } } });
        let (compose, variables, asked) = run(compose, "").expect("they can be asked for");
        let names = ["SIGNING", "VAPID_PRIVATE_KEY", "VAPID_PUBLIC_KEY"].map(str::to_owned);
        assert_eq!(asked, names.clone().into());
        let environment = &compose["services"]["web"]["environment"];
        for name in &names {
            assert_eq!(environment[name], format!("${{{name}}}"));
            let variable = variables.iter().find(|variable| variable.name == *name).expect("it is declared");
            assert_eq!((variable.kind, variable.optional, &variable.default), (Kind::Text, false, &None));
        }
        assert_eq!(environment["SSH_PRIVATE_KEY"], "your-key");
        assert_eq!(environment["CA"], pem("CERTIFICATE"));
    }

    #[test]
    fn a_key_is_known_in_every_form() {
        let encoded = base64::engine::general_purpose::STANDARD.encode(pem("PRIVATE KEY"));
        let web_key =
            format!("{{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"{BODY}\", \"d\": \"{BODY}\"}}");
        for text in [pem("PRIVATE KEY"), pem("OPENSSH PRIVATE KEY"), encoded, web_key] {
            assert!(holds_private_key(&text), "{text}");
        }
        let public = format!("{{\"kty\": \"OKP\", \"x\": \"{BODY}\", \"d\": \"\"}}");
        let empty = "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----".to_owned();
        for text in [pem("PUBLIC KEY"), public, empty, "LS0tLS1CRUdJTi é".to_owned()] {
            assert!(!holds_private_key(&text), "{text}");
        }
    }

    #[test]
    fn a_key_that_nobody_can_be_asked_for_is_the_reason_why_there_is_no_package() {
        let key = pem("PRIVATE KEY").replace("\\n", "\n");
        let (asked, _) = of_file("tls/server.key", &key);
        assert!(asked.is_err_and(|error| error.to_string().contains("tls/server.key holds a private key")));
        let several = json!({ "services": { "web": { "environment": { "TLS_KEY": key } } } });
        assert!(run(several, "").is_err_and(|error| error.contains("TLS_KEY, of several lines, holds")));
        let command = json!({ "services": { "web": { "command": ["--key", pem("PRIVATE KEY")] } } });
        assert!(run(command, "").is_err_and(|error| error.contains("its compose file holds")));
    }

    #[test]
    fn a_line_of_env_with_a_key_is_emptied() {
        let env = format!("A=1\nJWT_PRIVATE_KEY='{}'\nB=2\n", pem("RSA PRIVATE KEY"));
        let compose =
            read_mapping("compose", "services: { a: { image: b, env_file: .env } }").expect("it is YAML");
        let draft = Draft { name: "a".to_owned(), compose, env: Some(env), ..Draft::default() };
        let translation = draft.finish().expect("it is translated");
        assert_eq!(translation.env.as_deref(), Some("A=1\nJWT_PRIVATE_KEY=''\nB=2\n"));
        assert!(translation.compose.contains("name: JWT_PRIVATE_KEY"), "{}", translation.compose);
    }

    #[test]
    fn a_password_in_a_file_of_settings_is_told() {
        let text = "# password: other\napi:\n  username: sample\n  password: \"sample-1\"\n";
        let (asked, remarks) = of_file("sync.yaml", text);
        assert!(asked.expect("it stays").is_empty());
        assert!(remarks[0].starts_with("password in files/sync.yaml stays"), "{remarks:?}");
        let hash = "users:\n  - hash: \"$$2y$$10$$jsRWHw54\"\n";
        let compose = json!({ "configs": { "dex.yaml": { "content": hash } } });
        let (known, mut told) = (Known::default(), Vec::new());
        let mut compose = compose.as_object().expect("an object").clone();
        clean(&mut compose, &mut Vec::new(), &known, &BTreeMap::new(), &mut told).expect("it stays");
        assert!(told[0].starts_with("hash in the file dex.yaml stays"), "{told:?}");
        let silent = [
            "password: os.environ/DB_PASSWORD",
            "secret = \"env:RPC_SECRET\"",
            "password: <yours>",
            "password: ${PASSWORD}",
            "password: ",
            "user: x\npassword_min: 12",
        ];
        for text in silent {
            assert_eq!(of_file("sync.yaml", text).1, [""; 0], "{text}");
        }
        assert_eq!(of_file("page.html", "password: sample-1").1, [""; 0]);
    }
}
