//! Which of an app's variables its first user signs in with, where the format does not say it: by their names.

use crate::block::LoginBlock;

/// Parts of names of what services sign in to each other with.
const INNER: [&str; 24] = [
    "DB",
    "DATABASE",
    "POSTGRES",
    "PG",
    "MYSQL",
    "MARIADB",
    "MONGO",
    "REDIS",
    "VALKEY",
    "KEYDB",
    "RABBIT",
    "CLICKHOUSE",
    "ELASTIC",
    "MINIO",
    "S3",
    "SMTP",
    "MAIL",
    "IMAP",
    "LDAP",
    "NEO4J",
    "INFLUX",
    "BROKER",
    "QUEUE",
    "RTSP",
];

/// The login that variables of those names are: that of an administrator, where one is named so.
pub(super) fn find<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<LoginBlock> {
    let of_people: Vec<(&str, String)> = names
        .into_iter()
        .map(|name| (name, name.to_ascii_uppercase()))
        .filter(|(_, upper)| {
            // What ends so is an address, not a server.
            let upper = upper.strip_suffix("_MAIL").unwrap_or(upper);
            !upper.split('_').any(|word| INNER.iter().any(|inner| word.starts_with(inner)))
        })
        .collect();
    let (passwords, users): (Vec<_>, Vec<_>) =
        of_people.iter().partition(|(_, upper)| upper.contains("PASS") || upper.contains("_PWD"));
    let of_admin = |names: &[&(&str, String)]| {
        let is_of_admin = |name: &&&(&str, String)| name.1.contains("ADMIN");
        names.iter().find(is_of_admin).or_else(|| names.first()).map(|(name, _)| (*name).to_owned())
    };
    let password = of_admin(&passwords)?;
    // The user that is called as the password is comes before every other.
    let beside = |user: &&(&str, String)| {
        let upper = password.to_ascii_uppercase();
        let stem = upper.find("PASS").map_or("", |at| &upper[..at]);
        let rest = user.1.strip_prefix(stem).unwrap_or_default();
        !stem.is_empty() && ["USER", "LOGIN", "EMAIL"].iter().any(|word| rest.starts_with(word))
    };
    let is_user = |user: &&(&str, String)| ["USER", "MAIL", "LOGIN"].iter().any(|word| user.1.contains(word));
    let users: Vec<_> = users.into_iter().filter(is_user).collect();
    let user = users.iter().copied().find(beside).map(|(name, _)| (*name).to_owned());
    Some(LoginBlock {
        user_variable: user.or_else(|| of_admin(&users)),
        password_variable: Some(password),
        ..LoginBlock::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_administrator_comes_first_and_the_database_never() {
        let of = |names: &[&str]| {
            let login = find(names.iter().copied())?;
            Some((login.user_variable.unwrap_or_default(), login.password_variable.unwrap_or_default()))
        };
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(
            of(&["DB_PASSWORD", "APP_USER", "APP_PASSWORD", "ADMIN_EMAIL", "ADMIN_PASS"]),
            pair("ADMIN_EMAIL", "ADMIN_PASS")
        );
        assert_eq!(of(&["WEB_USER", "UI_USERNAME", "UI_PASSWORD"]), pair("UI_USERNAME", "UI_PASSWORD"));
        assert_eq!(of(&["A_USER_PASSWORD", "A_USER_MAIL"]), pair("A_USER_MAIL", "A_USER_PASSWORD"));
        assert_eq!(of(&["POSTGRES_PASSWORD", "WEB_PASSWORD"]), pair("", "WEB_PASSWORD"));
        assert_eq!(of(&["POSTGRES_PASSWORD", "ADMIN_USER"]), None);
    }
}
