//! Coolify's magic variables: names that begin with `SERVICE_` and say what they hold, the same in every service.

use serde_json::json;

use crate::block::ShapeBlock;

/// The secret that Supabase's tokens are signed with.
pub(super) const TOKEN_KEY: &str = "SERVICE_PASSWORD_JWT";
/// When those tokens begin, a moment that is past, and end, a hundred years later.
const TOKEN_SECONDS: (u64, u64) = (1_735_689_600, 4_891_363_200);

/// What a magic variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Magic {
    /// `SERVICE_URL_<X>[_<port>]`: the address of a service.
    Url(Reached),
    /// `SERVICE_FQDN_<X>[_<port>]`: its host name.
    HostName(Reached),
    Secret(ShapeBlock),
    /// A user's name; this one.
    User(String),
    /// A token for Supabase, signed with [`TOKEN_KEY`].
    Token(ShapeBlock),
}

/// What is reached: a name that the template gives it, and a port of its container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) name: String,
    pub(super) port: Option<u16>,
}

/// Kinds of secrets, longer names first. (Coolify's `BASE64` is no base64 but letters and digits; `REALBASE64` is.)
const SECRETS: [(&str, ShapeBlock); 16] = [
    ("PASSWORDWITHSYMBOLS_64_", ShapeBlock::Strong(64)),
    ("PASSWORDWITHSYMBOLS_", ShapeBlock::Strong(32)),
    ("PASSWORD_64_", ShapeBlock::Alphanumeric(64)),
    ("PASSWORD_", ShapeBlock::Alphanumeric(32)),
    ("REALBASE64_128_", ShapeBlock::Base64(128)),
    ("REALBASE64_64_", ShapeBlock::Base64(64)),
    ("REALBASE64_32_", ShapeBlock::Base64(32)),
    ("REALBASE64_", ShapeBlock::Base64(32)),
    ("BASE64_128_", ShapeBlock::Alphanumeric(128)),
    ("BASE64_64_", ShapeBlock::Alphanumeric(64)),
    ("BASE64_32_", ShapeBlock::Alphanumeric(32)),
    ("BASE64_", ShapeBlock::Alphanumeric(32)),
    ("HEX_128_", ShapeBlock::Hex(128)),
    ("HEX_64_", ShapeBlock::Hex(64)),
    ("HEX_32_", ShapeBlock::Hex(32)),
    ("HEX_", ShapeBlock::Hex(32)),
];

/// Variables of certain images that Coolify itself sets to the address of one of their ports.
const ADDRESSES: [(&str, &str, u16); 7] = [
    ("MINIO_BROWSER_REDIRECT_URL", "MINIO", 9001),
    ("MINIO_SERVER_URL", "MINIO", 9000),
    ("LOGTO_ENDPOINT", "LOGTO", 3001),
    ("LOGTO_ADMIN_ENDPOINT", "LOGTO", 3002),
    ("GARAGE_S3_API_URL", "GARAGE", 3900),
    ("GARAGE_WEB_URL", "GARAGE", 3902),
    ("GARAGE_ADMIN_URL", "GARAGE", 3903),
];

/// The app's own address and host name, which Coolify gives every container.
const OWN_URL: &str = "COOLIFY_URL";
const OWN_HOST_NAME: &str = "COOLIFY_FQDN";

/// What a variable of that name holds where it is used; `None`: it is one of the app's own.
pub(super) fn read(variable: &str) -> Option<Magic> {
    let of_image = ADDRESSES.iter().find(|(name, ..)| *name == variable);
    let of_image = of_image.map(|(_, name, port)| Reached { name: (*name).to_owned(), port: Some(*port) });
    let own = || Reached { name: String::new(), port: None };
    match variable {
        OWN_URL => Some(Magic::Url(own())),
        OWN_HOST_NAME => Some(Magic::HostName(own())),
        _ => of_image.map(Magic::Url).or_else(|| declared(variable)),
    }
}

/// What it holds where a service has it in its environment.
pub(super) fn declared(variable: &str) -> Option<Magic> {
    let rest = variable.strip_prefix("SERVICE_")?;
    if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let named = |prefix: &str| rest.strip_prefix(prefix).filter(|name| !name.is_empty());
    if let Some(name) = named("URL_") {
        return Some(Magic::Url(reached(name)));
    }
    if let Some(name) = named("FQDN_") {
        return Some(Magic::HostName(reached(name)));
    }
    if let Some(name) = named("USER_") {
        return Some(Magic::User(user_name(name)));
    }
    for (prefix, role) in [("SUPABASEANON_", "anon"), ("SUPABASESERVICE_", "service_role")] {
        if named(prefix).is_some() {
            let (begin, end) = TOKEN_SECONDS;
            let claims = json!({ "iss": "supabase", "role": role, "iat": begin, "exp": end });
            return Some(Magic::Token(ShapeBlock::Jwt { key: TOKEN_KEY.to_owned(), claims }));
        }
    }
    SECRETS.into_iter().find(|(prefix, _)| named(prefix).is_some()).map(|(_, shape)| Magic::Secret(shape))
}

fn reached(rest: &str) -> Reached {
    if let Some((name, port)) = rest.rsplit_once('_')
        && let Some(port) = port.parse().ok().filter(|port| *port != 0 && !name.is_empty())
    {
        return Reached { name: name.to_owned(), port: Some(port) };
    }
    Reached { name: rest.to_owned(), port: None }
}

/// Coolify makes a name up; ours says what it is for. Sixteen characters, as there.
fn user_name(rest: &str) -> String {
    let plain: String = rest.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    let plain = plain.to_ascii_lowercase();
    let begins_well = plain.starts_with(|first: char| first.is_ascii_lowercase());
    if begins_well { format!("{plain}user") } else { format!("user{plain}") }
}

/// The magic variables that a text has, written in any way: `$X`, `${X}`, in a script or a file.
pub(super) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    text.split(is_end).filter(|word| read(word).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_known_beginning_tells_the_kind() {
        let secret = |shape| Some(Magic::Secret(shape));
        let reached = |name: &str, port| Reached { name: name.to_owned(), port };
        for (name, expected) in [
            ("SERVICE_PASSWORD_POSTGRES", secret(ShapeBlock::Alphanumeric(32))),
            ("SERVICE_PASSWORD_64_APP", secret(ShapeBlock::Alphanumeric(64))),
            ("SERVICE_PASSWORD_APP_64", secret(ShapeBlock::Alphanumeric(32))),
            ("SERVICE_PASSWORD_64", secret(ShapeBlock::Alphanumeric(32))),
            ("SERVICE_BASE64_128_KEY", secret(ShapeBlock::Alphanumeric(128))),
            ("SERVICE_BASE64_KEY", secret(ShapeBlock::Alphanumeric(32))),
            ("SERVICE_REALBASE64_KEY", secret(ShapeBlock::Base64(32))),
            ("SERVICE_REALBASE64_64_KEY", secret(ShapeBlock::Base64(64))),
            ("SERVICE_HEX_64_KEY", secret(ShapeBlock::Hex(64))),
            ("SERVICE_USER_POSTGRES", Some(Magic::User("postgresuser".into()))),
            ("SERVICE_USER_2FAUTH", Some(Magic::User("user2fauth".into()))),
            ("SERVICE_URL_N8N", Some(Magic::Url(reached("N8N", None)))),
            ("SERVICE_URL_MY_APP_8080", Some(Magic::Url(reached("MY_APP", Some(8080))))),
            ("SERVICE_URL_APP_99999", Some(Magic::Url(reached("APP_99999", None)))),
            ("SERVICE_FQDN_APP_80", Some(Magic::HostName(reached("APP", Some(80))))),
            ("SERVICE_ROLE_KEY", None),
            ("MY_SERVICE_URL_X", None),
            ("SERVICE_URL_", None),
            ("SERVICE_USER_", None),
        ] {
            assert_eq!(read(name), expected, "{name}");
        }
        assert!(matches!(read("SERVICE_SUPABASEANON_KEY"), Some(Magic::Token(ShapeBlock::Jwt { .. }))));
    }

    #[test]
    fn they_are_found_in_scripts() {
        let text = "x=$SERVICE_USER_A;${SERVICE_PASSWORD_B}@SERVICE_NAME ${COOLIFY_URL#https://}";
        let found: Vec<_> = names_in(text).collect();
        assert_eq!(found, ["SERVICE_USER_A", "SERVICE_PASSWORD_B", "COOLIFY_URL"]);
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(name in "SERVICE_(URL|USER|PASSWORD|64|_|[0-9]|é|X){0,8}") {
            drop(read(&name));
        }
    }
}
