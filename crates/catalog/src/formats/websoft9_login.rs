//! How people sign in to an app of Websoft9's, and what they have to do before: lines `W9_LOGIN_…` of `.env`, and what
//! `variables.json` says. Commands that it names are told, never run.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::block::{LoginBlock, TextBlock};
use crate::formats::PackagedFile;
use crate::formats::interpolation::{Part, parse};
use crate::formats::known::Known;
use crate::formats::loose::{text_at, texts};
use crate::formats::websoft9_env::words;

const USER: &str = "W9_LOGIN_USER";
const PASSWORD: &str = "W9_LOGIN_PASSWORD";
const MASTER: &str = "W9_POWER_PASSWORD";

/// What is known of an app.
pub(super) struct Signs<'a> {
    /// `variables.json`.
    pub(super) variables: &'a Map<String, Value>,
    pub(super) env: &'a BTreeMap<String, String>,
    pub(super) compose: &'a Map<String, Value>,
    /// Everything in the app's folder.
    pub(super) files: &'a BTreeMap<String, PackagedFile>,
    pub(super) known: &'a Known,
}

impl Signs<'_> {
    /// The first login.
    pub(super) fn login(&self) -> Option<LoginBlock> {
        let says_none = |value: &String| value.to_ascii_lowercase().contains("no password");
        let login = LoginBlock {
            user_variable: self.variable(USER),
            password_variable: self
                .variable(PASSWORD)
                .filter(|name| !self.known.value(name).as_ref().is_some_and(says_none)),
            ..LoginBlock::default()
        };
        let is_told = login.user_variable.is_some() || login.password_variable.is_some();
        match is_told {
            true => Some(login).filter(|_| self.is_in_force()),
            false => self.declared(),
        }
    }

    /// The variable that holds what that line shows: another's, where the line is nothing but its name. Websoft9 looks
    /// through the quotes that keep compose from doing so.
    fn variable(&self, line: &str) -> Option<String> {
        let template = self.env.get(line)?.replace("$$", "$");
        match parse(&template).as_slice() {
            [Part::Use(used)] if self.env.contains_key(&used.name) => Some(used.name.clone()),
            _ => Some(line.to_owned()),
        }
    }

    /// Whether anybody but the platform's own page reads the master password, where the login has that: templates
    /// carry it along into apps that make their first user themselves.
    fn is_in_force(&self) -> bool {
        if self.variable(PASSWORD).as_deref() != Some(MASTER) {
            return true;
        }
        let is_read = |text: &str| [USER, PASSWORD, MASTER].iter().any(|name| text.contains(name));
        let in_env =
            || self.env.iter().any(|(name, template)| !name.starts_with("W9_LOGIN_") && is_read(template));
        let in_files = || {
            let texts = self.files.values().filter_map(|file| std::str::from_utf8(&file.bytes).ok());
            texts.filter(|text| !text.contains("W9_LOGIN_PASSWORD=")).any(is_read)
        };
        // Images that Websoft9 makes itself read its variables.
        let is_own_image = || self.known.value("W9_REPO").is_some_and(|image| image.contains("websoft9"));
        is_read(&serde_json::to_string(self.compose).unwrap_or_default())
            || in_env()
            || in_files()
            || is_own_image()
    }

    /// What `credentials` of `variables.json` says, where it is something that is known before the app runs.
    fn declared(&self) -> Option<LoginBlock> {
        let credentials = self.variables.get("credentials")?;
        let slot = |name: &str| {
            let slot = credentials.get(name)?.as_object()?;
            match slot.get("source")?.as_str()? {
                "inline" => Some((None, text_at(slot, "value")?)),
                "container-env" if text_at(slot, "format").is_none_or(|format| format == "text") => {
                    let variable = text_at(slot, "name").filter(|name| self.env.contains_key(name))?;
                    Some((Some(variable), String::new()))
                }
                _ => None,
            }
        };
        let (user_variable, user_name) = slot("username").unwrap_or_default();
        let (password_variable, password) = slot("password").or_else(|| slot("token"))?;
        let password = Some(password).filter(|password| !password.is_empty());
        Some(LoginBlock { user_name, user_variable, password_variable, password })
    }

    /// What else there is to know for it, in both languages.
    pub(super) fn note(&self, labels: &BTreeMap<String, TextBlock>) -> Option<TextBlock> {
        let mut told: Vec<(String, String)> = Vec::new();
        for (name, template) in self.env.iter().filter(|(name, _)| name.starts_with("W9_LOGIN_")) {
            if ![USER, PASSWORD].contains(&name.as_str()) && !template.is_empty() && !template.contains('$') {
                let label = labels.get(name).cloned().unwrap_or_else(|| words(name));
                told.push((format!("{}: {template}", label.zh), format!("{}: {template}", label.en)));
            }
        }
        told.extend(self.places());
        let setup = self.variables.get("setup").and_then(Value::as_object);
        let steps = setup.and_then(|setup| setup.get("steps")).and_then(Value::as_array);
        let steps = steps.into_iter().flatten().filter_map(Value::as_object);
        let login = self.variables.get("help").and_then(Value::as_object);
        let sentences = setup
            .and_then(|setup| text_at(setup, "summary"))
            .into_iter()
            .chain(steps.filter_map(|step| text_at(step, "text")))
            .chain(login.and_then(|help| text_at(help, "login")));
        told.extend(sentences.map(|text| (text.clone(), text)));
        let bare = |text: String| text.trim_end_matches(['.', '。']).to_owned();
        let (zh, en): (Vec<String>, Vec<String>) =
            told.into_iter().map(|(zh, en)| (bare(zh), bare(en))).unzip();
        (!en.is_empty()).then(|| TextBlock { zh: zh.join("; "), en: en.join("; ") })
    }

    /// Where credentials are found that only the running app has.
    fn places(&self) -> Vec<(String, String)> {
        let credentials = self.variables.get("credentials").and_then(Value::as_object);
        let slots = credentials.into_iter().flatten();
        slots
            .filter_map(|(slot, told)| {
                let told = told.as_object()?;
                Some(match told.get("source")?.as_str()? {
                    "container-file" => {
                        let path = text_at(told, "path")?;
                        (
                            format!("{slot}：容器中的文件 {path}"),
                            format!("{slot}: in the file {path} of its container"),
                        )
                    }
                    "container-log" => {
                        (format!("{slot}：见容器日志"), format!("{slot}: in the log of its container"))
                    }
                    "container-cli" => {
                        let command = texts(told.get("argv")).join(" ");
                        (
                            format!("{slot}：在容器中执行 {command}"),
                            format!("{slot}: run {command} in its container"),
                        )
                    }
                    _ => return None,
                })
            })
            .collect()
    }
}
