//! How people sign in to an app of Coolify, by the magic variables that its services get under names of a login.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::block::LoginBlock;
use crate::formats::interpolation::{Otherwise, Part, parse};
use crate::formats::{Web, logins, loose};

type Object = Map<String, Value>;

/// What a template calls the administrator's password, where no service gets it under such a name.
const ADMINISTRATOR: &str = "SERVICE_PASSWORD_ADMIN";

/// That of the main service; else an administrator's that another one makes.
pub(super) fn of(compose: &Object, web: Option<&Web>, magic: &BTreeSet<String>) -> Option<LoginBlock> {
    let main = web.and_then(|web| web.service.as_deref());
    let between = logins::between_services(compose, main);
    let of_service = |service: &Object| of_service(service, magic, &between);
    let of_main = loose::services(compose).find(|(name, _)| main == Some(name.as_str()));
    let of_main = of_main.and_then(|(_, service)| of_service(service)).map(|(login, _)| login);
    let of_other = || {
        let others = loose::services(compose).filter(|(name, _)| main != Some(name.as_str()));
        let is_of_admin = |(_, key): &(LoginBlock, String)| key.to_ascii_uppercase().contains("ADMIN");
        others.filter_map(|(_, service)| of_service(service)).find(is_of_admin).map(|(login, _)| login)
    };
    let of_name = || {
        Some(LoginBlock {
            password_variable: Some(ADMINISTRATOR.to_owned()).filter(|name| magic.contains(name)),
            user_variable: beside(ADMINISTRATOR, magic),
            ..LoginBlock::default()
        })
        .filter(|login| login.password_variable.is_some())
    };
    of_main.or_else(of_other).or_else(of_name)
}

/// The login that a service gets, with the name under which it gets the password.
fn of_service(
    service: &Object,
    magic: &BTreeSet<String>,
    between: &BTreeSet<String>,
) -> Option<(LoginBlock, String)> {
    let mut pairs = loose::environment(service);
    pairs.retain(|(_, value)| only_variable(value).is_none_or(|used| !between.contains(&used)));
    let image = service.get("image").and_then(Value::as_str).unwrap_or_default();
    let found = logins::find_for(pairs.iter().map(|(key, _)| key.as_str()), image)?;
    let value = |key: &Option<String>| {
        let pair = pairs.iter().find(|(known, _)| Some(known) == key.as_ref());
        pair.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let password = only_variable(&value(&found.password_variable)).filter(|name| magic.contains(name))?;
    let user = value(&found.user_variable);
    let login = LoginBlock {
        user_variable: only_variable(&user).or_else(|| beside(&password, magic).filter(|_| user.is_empty())),
        user_name: match user {
            user if user.is_empty() => found.user_name,
            user if user.contains('$') => String::new(),
            user => user,
        },
        password_variable: Some(password),
        ..LoginBlock::default()
    };
    Some((login, found.password_variable.unwrap_or_default()))
}

/// The user whose password that is, by its name: `SERVICE_USER_X` for `SERVICE_PASSWORD_64_X`.
fn beside(password: &str, magic: &BTreeSet<String>) -> Option<String> {
    let name = password.strip_prefix("SERVICE_PASSWORD_")?;
    let user = format!("SERVICE_USER_{}", name.strip_prefix("64_").unwrap_or(name));
    Some(user).filter(|user| magic.contains(user))
}

/// The variable that is the whole of a text.
pub(super) fn only_variable(text: &str) -> Option<String> {
    match parse(text).as_slice() {
        [Part::Use(used)] if !matches!(used.otherwise, Otherwise::Instead { .. }) => Some(used.name.clone()),
        _ => None,
    }
}
