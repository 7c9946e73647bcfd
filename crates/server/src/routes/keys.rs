//! KeyAdd, KeyList, KeyRevoke: the programs that may call.

use std::time::Duration;

use domain::{ErrorCode, Scope, Timestamp};
use wire::{KeyAddParameters, KeyInfo, NameInfo, NameParameters, NewKeyInfo, NoParameters};

use crate::details::rfc3339;
use crate::error::{Nothing, Refusal};
use crate::interface::{Audience, Call, Interface};
use crate::limits::KEY_DAYS_MAX;

pub(crate) struct KeyAdd;

impl Interface for KeyAdd {
    const NAME: &'static str = "KeyAdd";
    const SUMMARY: &'static str = "Make an API key for a program. The key is told once, in this answer.";
    const CHANGES: bool = true;
    const AUDIENCE: Audience = Audience::Administrators;
    const PARAMETERS: &'static [&'static str] = &["name", "scope", "days"];
    const LITERALS: &'static [&'static str] = &["days"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::NameBlank,
        ErrorCode::ScopeFormat,
        ErrorCode::DaysFormat,
        ErrorCode::NameFormat,
        ErrorCode::KeyRepeat,
        ErrorCode::AccountsTooMany,
    ];
    type Parameters = KeyAddParameters;
    type Data = NewKeyInfo;
    type Item = NewKeyInfo;

    fn example() -> NewKeyInfo {
        NewKeyInfo {
            name: "monitoring".into(),
            key: "amk_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(),
            scope: Scope::ReadOnly.as_str().into(),
            expires_at: "2027-02-20T08:00:00Z".into(),
        }
    }

    async fn answer(call: &Call<'_>) -> Result<NewKeyInfo, Refusal> {
        let name = call.parameters.required("name", ErrorCode::NameBlank)?;
        let scope = match call.parameters.optional("scope") {
            None => Scope::ReadOnly,
            Some(text) => Scope::from_text(text).ok_or(Refusal::Format(ErrorCode::ScopeFormat))?,
        };
        let (key, secret) = call.control.access().add_key(name, scope, lifetime(call)?).await?;
        Ok(NewKeyInfo {
            name: key.name.to_string(),
            key: secret.reveal().to_owned(),
            scope: key.scope.as_str().into(),
            expires_at: told(key.expires_at),
        })
    }
}

fn lifetime(call: &Call<'_>) -> Result<Option<Duration>, Refusal> {
    let Some(text) = call.parameters.optional("days") else { return Ok(None) };
    let days = text.parse().ok().filter(|days| (1..=KEY_DAYS_MAX).contains(days));
    let days = days.ok_or(Refusal::Format(ErrorCode::DaysFormat))?;
    Ok(Some(Duration::from_hours(24 * days)))
}

fn told(at: Option<Timestamp>) -> String {
    at.map(rfc3339).unwrap_or_default()
}

pub(crate) struct KeyList;

impl Interface for KeyList {
    const NAME: &'static str = "KeyList";
    const SUMMARY: &'static str = "Tell which API keys there are, by name, and when each was last used.";
    const CHANGES: bool = false;
    const AUDIENCE: Audience = Audience::Administrators;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &[];
    const CODES: &'static [ErrorCode] = &[];
    type Parameters = NoParameters;
    type Data = Vec<KeyInfo>;
    type Item = KeyInfo;

    fn example() -> Vec<KeyInfo> {
        vec![KeyInfo {
            name: "monitoring".into(),
            scope: Scope::ReadOnly.as_str().into(),
            created_at: "2026-11-22T08:00:00Z".into(),
            expires_at: "2027-02-20T08:00:00Z".into(),
            expired: false,
            last_used_at: "2026-11-23T09:30:00Z".into(),
        }]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<KeyInfo>, Refusal> {
        let keys = call.control.access().keys().into_iter();
        let info = |(key, expired): (domain::ApiKey, bool)| KeyInfo {
            name: key.name.to_string(),
            scope: key.scope.as_str().into(),
            created_at: rfc3339(key.created_at),
            expires_at: told(key.expires_at),
            expired,
            last_used_at: told(key.last_used_at),
        };
        Ok(keys.map(info).collect())
    }
}

pub(crate) struct KeyRevoke;

impl Interface for KeyRevoke {
    const NAME: &'static str = "KeyRevoke";
    const SUMMARY: &'static str = "Revoke an API key: it is good for nothing from this moment on.";
    const CHANGES: bool = true;
    const AUDIENCE: Audience = Audience::Administrators;
    const PARAMETERS: &'static [&'static str] = &["name"];
    const CODES: &'static [ErrorCode] = &[ErrorCode::NameBlank, ErrorCode::NameFormat, ErrorCode::KeyNotExis];
    type Parameters = NameParameters;
    type Data = NameInfo;
    type Item = NameInfo;

    fn example() -> NameInfo {
        NameInfo { name: "monitoring".into() }
    }

    async fn answer(call: &Call<'_>) -> Result<NameInfo, Refusal> {
        let name = call.parameters.required("name", ErrorCode::NameBlank)?;
        let name = call.control.access().revoke_key(name).await?;
        Ok(NameInfo { name: name.to_string() })
    }
}
