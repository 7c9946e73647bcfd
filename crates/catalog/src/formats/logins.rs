//! Whom an app's first user signs in as, where the format does not say it: by the names of its variables, or by the
//! words of its description.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::block::LoginBlock;
use crate::formats::interpolation::{Part, parse};
use crate::formats::loose;

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

/// Words of names that speak of passwords and are none for people: keys that tokens are signed with, switches, and the
/// one that Kibana itself signs in with.
const NO_PASSWORDS: [&str; 9] =
    ["SECRET", "KEY", "TOKEN", "JWT", "SALT", "RESET", "HASH", "POLICY", "KIBANA"];

/// What tells a password behind its user in a line.
const SECOND: &str = " password:";

/// The login that variables of those names are: that of an administrator, where one is named so.
pub(super) fn find<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<LoginBlock> {
    find_for(names, "")
}

/// The login of the service of that image: a database's own password is one for people.
pub(super) fn find_for<'n>(names: impl IntoIterator<Item = &'n str>, image: &str) -> Option<LoginBlock> {
    let is_inner_itself = is_inner_program(image);
    let of_people: Vec<(&str, String)> = names
        .into_iter()
        .map(|name| (name, name.to_ascii_uppercase()))
        .filter(|(name, _)| is_inner_itself || !is_inner(name))
        .collect();
    let (mut passwords, users): (Vec<_>, Vec<_>) =
        of_people.iter().partition(|(_, upper)| upper.contains("PASS") || upper.contains("_PWD"));
    passwords.retain(|(_, upper)| !upper.split('_').any(|word| NO_PASSWORDS.contains(&word)));
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
    let is_of_root = password.to_ascii_uppercase().split('_').any(|word| word == "ROOT");
    let root = || if is_of_root { None } else { of_admin(&users) };
    let user_variable = user.or_else(root);
    Some(LoginBlock {
        user_name: if is_of_root && user_variable.is_none() { "root".to_owned() } else { String::new() },
        user_variable,
        password_variable: Some(password),
        ..LoginBlock::default()
    })
}

/// User and password that a text in Markdown tells, in a table or in two lines; `None` where there are several.
pub(super) fn told(text: &str) -> Option<(String, String)> {
    login_of_table(text).or_else(|| login_of_lines(text))
}

/// User and password of the one pair of lines `- **Username**: admin` and `- **Password**: sample`, or of one line.
fn login_of_lines(text: &str) -> Option<(String, String)> {
    let plain = |text: &str| {
        text.trim_matches(|c: char| c.is_whitespace() || "`#*-+•_\"'".contains(c)).to_lowercase()
    };
    // What stands in a block of code is an example of something else.
    let mut is_code = false;
    let lines: Vec<(String, &str)> = text
        .lines()
        .filter(|line| {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            !is_code && !is_fence
        })
        .flat_map(|line| {
            let is_second = |at: &usize| {
                line[*at..].get(..SECOND.len()).is_some_and(|word| word.eq_ignore_ascii_case(SECOND))
            };
            let at = line.char_indices().map(|(at, _)| at).find(is_second).unwrap_or(line.len());
            [&line[..at], &line[at..]]
        })
        .filter(|line| !plain(line).is_empty())
        .map(|line| {
            line.split_once(':').map_or_else(|| (String::new(), line), |(key, told)| (plain(key), told))
        })
        .collect();
    let is = |key: &str, words: &[&str]| words.iter().any(|word| key.ends_with(word));
    let is_login = |two: &&[(String, &str)]| {
        is(&two[0].0, &["user", "username", "user name", "login", "mail"]) && is(&two[1].0, &["password"])
    };
    let mut logins = lines.windows(2).filter(is_login);
    let value = |told: &str| told.trim_matches(|c: char| c.is_whitespace() || "`*\"'".contains(c)).to_owned();
    let (user, password) = logins.next().map(|two| (value(two[0].1), value(two[1].1)))?;
    let is_one = |word: &str| {
        !word.is_empty()
            && !word.to_lowercase().contains("your")
            && !word.contains(|c: char| c.is_whitespace() || "<>[]{}".contains(c))
    };
    (is_one(&user) && is_one(&password) && logins.next().is_none()).then_some((user, password))
}

/// User and password of the one row of a table in Markdown that has both and nothing else.
fn login_of_table(text: &str) -> Option<(String, String)> {
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_matches(['/', '|']);
        let cell = |cell: &str| cell.trim().trim_matches(['`', '*', ' ']).to_owned();
        line.split(['|', '/']).map(cell).collect()
    };
    let is_header = |line: &[String]| {
        let has = |at: usize, words: &[&str]| {
            line.get(at).is_some_and(|cell| words.iter().any(|word| cell.to_lowercase().contains(word)))
        };
        line.len() == 2 && has(0, &["user", "account", "mail", "login"]) && has(1, &["password"])
    };
    let mut lines = text.lines().map(cells).skip_while(|line| !is_header(line)).skip(1);
    let [user, password] = <[String; 2]>::try_from(lines.next()?).ok()?;
    let is_one = |word: &str| !word.is_empty() && !word.contains(char::is_whitespace);
    let is_alone = lines.next().is_none_or(|next| next.len() != 2);
    (is_one(&user) && is_one(&password) && is_alone).then_some((user, password))
}

/// Whether it is of what services sign in to each other with.
pub(super) fn is_inner(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    // What ends so is an address, not a server.
    let upper = upper.strip_suffix("_MAIL").unwrap_or(&upper);
    upper.split('_').any(|word| INNER.iter().any(|inner| word.starts_with(inner)))
}

/// Whether that is the image of a database or the like.
fn is_inner_program(image: &str) -> bool {
    let program = image.rsplit('/').next().unwrap_or_default().to_ascii_uppercase();
    INNER.iter().any(|inner| program.contains(inner))
}

/// Whether it is the password of a database that is there and that nobody tells it: that one takes none.
pub(super) fn is_untold(compose: &Map<String, Value>, password: &str) -> bool {
    let is_database = |service: &Map<String, Value>| {
        is_inner_program(service.get("image").and_then(Value::as_str).unwrap_or_default())
    };
    let databases: Vec<_> =
        loose::services(compose).map(|(_, service)| service).filter(|one| is_database(one)).collect();
    let is_told = |service: &&Map<String, Value>| service.values().any(|part| loose::uses(part, password));
    is_inner(password) && !databases.is_empty() && !databases.iter().any(is_told)
}

/// The variables that services sign in to each other with, whatever they are called themselves: those that a service
/// gets under such a name, but for a database that people sign in to, and passwords in addresses.
pub(super) fn between_services(compose: &Map<String, Value>, main: Option<&str>) -> BTreeSet<String> {
    let mut between = BTreeSet::new();
    for (name, service) in loose::services(compose) {
        let image = service.get("image").and_then(Value::as_str).unwrap_or_default();
        let is_for_people = main == Some(name.as_str()) && is_inner_program(image);
        for (key, value) in loose::environment(service) {
            match parse(&value).as_slice() {
                [Part::Use(used)] if is_inner(&key) && !is_for_people => {
                    between.insert(used.name.clone());
                }
                parts => between.extend(parts.windows(3).filter_map(|three| match three {
                    [Part::Text(before), Part::Use(used), Part::Text(after)]
                        if before.ends_with(':') && after.starts_with('@') =>
                    {
                        Some(used.name.clone())
                    }
                    _ => None,
                })),
            }
        }
    }
    between
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        assert_eq!(of(&["POSTGRES_PASSWORD", "ADMIN_USER", "RESET_PASSWORD_JWT_SECRET"]), None);
        let login =
            find_for(["RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"], "rabbitmq:3").expect("its own");
        assert_eq!(login.password_variable.as_deref(), Some("RABBITMQ_DEFAULT_PASS"));
    }

    #[test]
    fn a_text_tells_one_user_and_one_password() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (text, expected) in [
            (
                "Keeps notes.\n\n- **username**: admin\n- **password**: `sample-1`\n\nMore.",
                pair("admin", "sample-1"),
            ),
            ("# Default\nUsername: a@example.org\n\nPassword: sample", pair("a@example.org", "sample")),
            ("| User | Password |\n| a | b |", pair("a", "b")),
            ("Default login: a@example.org PASSWORD: `b`\nSee É.", pair("a@example.org", "b")),
            ("Username: a\nPassword: b\nUsername: c\nPassword: d", None),
            ("Username: a\nPassword: the one that you set", None),
            ("Username: <yours>\nPassword: x", None),
            ("```yaml\nuser: a\npassword: b\n```\nUser: c\nPassword: d", pair("c", "d")),
            ("### Username: a\n### Password: b", pair("a", "b")),
            ("Username: your_name\nPassword: x", None),
            ("Username: a", None),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn the_password_of_root_is_no_other_users() {
        let login =
            find_for(["MYSQL_USER", "MYSQL_ROOT_PASSWORD", "MYSQL_PASSWORD"], "mysql:8").expect("its own");
        assert_eq!((login.user_name.as_str(), login.user_variable), ("root", None));
        let login = find(["MINE_ROOT_USER", "MINE_ROOT_PASSWORD"]).expect("a login");
        assert_eq!(login.user_variable.as_deref(), Some("MINE_ROOT_USER"));
    }

    #[test]
    fn a_database_that_is_not_told_a_password_takes_none() {
        let compose = json!({ "services": {
            "web": { "image": "a/web", "environment": ["REDIS_PASSWORD=${REDIS_PASSWORD}", "DB_PASS=$DB_PASS"] },
            "cache": { "image": "redis:7" },
            "db": { "image": "postgres", "environment": { "POSTGRES_PASSWORD": "$DB_PASS" } },
        } });
        let is_untold = |name| is_untold(compose.as_object().expect("a map"), name);
        assert!(is_untold("REDIS_PASSWORD") && !is_untold("DB_PASS") && !is_untold("APP_SECRET"));
    }

    #[test]
    fn what_another_service_is_reached_with_is_no_login() {
        let compose = json!({ "services": {
            "web": { "environment": ["PASSWORD=$A", "URL=x://u:${B}@db", "ADMIN_PASSWORD=${C}"], "image": "a/web" },
            "db": { "environment": { "POSTGRES_PASSWORD": "${A}" } },
        } });
        let between = between_services(compose.as_object().expect("a map"), Some("web"));
        assert_eq!(between, ["A", "B"].map(str::to_owned).into());
    }
}
