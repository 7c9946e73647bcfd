//! Which of an app's variables its first user signs in with, where the format does not say it: by their names.

use crate::block::LoginBlock;

/// Parts of names of what services sign in to each other with.
const INNER: [&str; 21] = [
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
];

/// The login that variables of those names are: that of an administrator, where one is named so.
pub(super) fn find<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<LoginBlock> {
    let of_people: Vec<(&str, String)> = names
        .into_iter()
        .map(|name| (name, name.to_ascii_uppercase()))
        .filter(|(_, upper)| !upper.split('_').any(|word| INNER.iter().any(|inner| word.starts_with(inner))))
        .collect();
    let find = |words: &[&str]| {
        let has = |upper: &&(&str, String)| words.iter().any(|word| upper.1.contains(word));
        let of_admin = of_people.iter().filter(|(_, upper)| upper.contains("ADMIN")).find(has);
        of_admin.or_else(|| of_people.iter().find(has)).map(|(name, _)| (*name).to_owned())
    };
    let password_variable = Some(find(&["PASS", "_PWD"])?);
    Some(LoginBlock {
        user_variable: find(&["USER", "EMAIL", "LOGIN"]),
        password_variable,
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
        assert_eq!(of(&["POSTGRES_PASSWORD", "WEB_PASSWORD"]), pair("", "WEB_PASSWORD"));
        assert_eq!(of(&["POSTGRES_PASSWORD", "ADMIN_USER"]), None);
    }
}
