//! Which variables hold secrets, by their names, and which values can be some. Nothing is replaced here.

use crate::block::ShapeBlock;

/// Parts of words that make a name one of a secret.
const SECRET_PARTS: [&str; 6] = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "KEYBASE", "AUTHTOKEN"];
/// Words that do.
const SECRET_WORDS: [&str; 10] =
    ["PASS", "PWD", "PW", "SALT", "JWT", "TOKEN", "PASSKEY", "DBPASS", "PGPASS", "MASTERKEY"];
/// Words that make a `KEY` one.
const KEY_WORDS: [&str; 18] = [
    "AES",
    "ENCRYPTION",
    "ENCRYPT",
    "ENCRYPTED",
    "MASTER",
    "SIGNING",
    "SIGN",
    "SESSION",
    "SESSIONS",
    "APP",
    "COOKIE",
    "API",
    "ACCESS",
    "ADMIN",
    "AUTH",
    "HASH",
    "CRYPTO",
    "BASE",
];
/// Last words of a name that say what its value is, whosever it is: `REDIS_HOST_PASSWORD`, `WWW_USER_PASSWORD`.
const LAST_WORDS: [&str; 6] = ["PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "SECRET"];
/// Words that make it a switch for a secret or what is left of one, wherever they stand.
const SWITCH_WORDS: [&str; 13] = [
    "ENABLED", "ENABLE", "DISABLE", "DISABLED", "ALLOW", "ALLOWED", "REQUIRE", "REQUIRED", "RESET", "EMPTY",
    "RANDOM", "CHECK", "HASHED",
];
/// Words that make it something about a secret.
const ABOUT_WORDS: [&str; 48] = [
    "FILE",
    "PATH",
    "DIR",
    "LENGTH",
    "LEN",
    "MIN",
    "MAX",
    "EXPIRE",
    "EXPIRES",
    "EXPIRY",
    "EXPIRATION",
    "TTL",
    "POLICY",
    "NAME",
    "USER",
    "USERNAME",
    "URL",
    "URI",
    "HOST",
    "PORT",
    "ID",
    "ALGORITHM",
    "ALGO",
    "TYPE",
    "HEADER",
    "ISSUER",
    "LIFETIME",
    "AGE",
    "ROTATION",
    "SIZE",
    "COUNT",
    "PLUGIN",
    "FIELD",
    "DURATION",
    "TIMEOUT",
    "PREFIX",
    "MODE",
    "VERSION",
    "PUBLIC",
    "SITE",
    "METHOD",
    "STRENGTH",
    "TIME",
    "DAYS",
    "HOURS",
    "LIMIT",
    "ROUNDS",
    "ROLES",
];
/// Words of services that somebody else runs, who gives the secret out.
const FOREIGN_WORDS: [&str; 49] = [
    "SMTP",
    "MAIL",
    "MAILER",
    "EMAIL",
    "IMAP",
    "OPENAI",
    "ANTHROPIC",
    "GEMINI",
    "AZURE",
    "AWS",
    "S3",
    "GITHUB",
    "GITLAB",
    "GOOGLE",
    "FACEBOOK",
    "TWITTER",
    "DISCORD",
    "SLACK",
    "TELEGRAM",
    "STRIPE",
    "PAYPAL",
    "OAUTH",
    "OAUTH2",
    "OIDC",
    "SAML",
    "LDAP",
    "CLIENT",
    "LICENSE",
    "LICENCE",
    "BOT",
    "CAPTCHA",
    "RECAPTCHA",
    "HCAPTCHA",
    "TURNSTILE",
    "TWILIO",
    "SENDGRID",
    "MAILGUN",
    "CLOUDFLARE",
    "CF",
    "VAPID",
    "PROXY",
    "PROVIDER",
    "LLM",
    "DEEPSEEK",
    "OPENROUTER",
    "GROQ",
    "TMDB",
    "SENTRY",
    "TUNNEL",
];
/// Values that are switches or nothing.
const NO_SECRETS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "none", "null", "nil", "disabled"];
/// Characters of a value that may be a secret.
const LENGTH_LIMIT: usize = 256;
/// Characters of a value that is taken for a random one.
const RANDOM_LENGTH: usize = 20;
/// Hexadecimal digits of one.
const RANDOM_HEX_LENGTH: usize = 32;

fn words(name: &str) -> Vec<String> {
    name.to_ascii_uppercase().split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect()
}

/// Whether a variable of that name holds a secret.
pub(crate) fn looks_secret(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let is_said_last = words.last().is_some_and(|word| LAST_WORDS.contains(&word.as_str()));
    if has(&SWITCH_WORDS) || (has(&ABOUT_WORDS) && !is_said_last) {
        return false;
    }
    let joined = words.concat();
    SECRET_PARTS.iter().any(|part| joined.contains(part))
        || has(&SECRET_WORDS)
        || (words.last().is_some_and(|word| word == "KEY") && has(&KEY_WORDS))
}

/// Whether it is a secret that somebody else gives out, such as the password of a mail server.
pub(crate) fn is_foreign(name: &str) -> bool {
    let words = words(name);
    let is_key_of_others = words
        .windows(2)
        .any(|pair| matches!((pair[0].as_str(), pair[1].as_str()), ("API" | "ACCESS", "KEY")));
    is_key_of_others || words.iter().any(|word| is_word_of_others(word))
}

fn is_word_of_others(word: &str) -> bool {
    FOREIGN_WORDS.contains(&word)
}

/// Whether it is a key of the catalog's own making, whatever it is for: nobody publishes those that others gave out.
pub(crate) fn is_own_key(name: &str, value: &str) -> bool {
    let words = words(name);
    // Halves of a pair belong to each other.
    let is_other =
        |word: &str| is_word_of_others(word) || matches!(word, "PUBLIC" | "PRIVATE" | "SITE" | "SSH");
    words.last().is_some_and(|word| word == "KEY")
        && !words.iter().any(|word| is_other(word))
        && looks_random(value)
}

fn looks_random(value: &str) -> bool {
    let has = |wanted: fn(&u8) -> bool| value.as_bytes().iter().any(wanted);
    let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte));
    let is_hex = value.len() >= RANDOM_HEX_LENGTH && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    value.len() >= RANDOM_LENGTH
        && is_plain
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && (is_hex || has(u8::is_ascii_uppercase))
        && is_plausible(value)
}

/// Whether one can be made for it where nobody gives a value: it is the app's own, and no half of a pair.
pub(crate) fn is_made_for(name: &str) -> bool {
    let is_other = |word: &String| matches!(word.as_str(), "TOKEN" | "PRIVATE");
    looks_secret(name) && !is_foreign(name) && !words(name).iter().any(is_other)
}

/// Whether a key of that name is the private half of a pair.
pub(crate) fn is_private_half(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let is_key =
        (has(&["PRIVATE"]) && has(&["KEY", "KEYS", "JWK", "JWKS", "PEM"])) || has(&["PRIVATEKEY", "PRIVKEY"]);
    is_key && !has(&["PASSWORD", "PASSPHRASE", "PASS"]) && !has(&SWITCH_WORDS) && !has(&ABOUT_WORDS)
}

/// Whether it names a user of a store of objects, whatever the store itself calls that.
pub(crate) fn is_identity(name: &str) -> bool {
    let words = words(name);
    words.ends_with(&["ACCESS".to_owned(), "KEY".to_owned()]) && words.iter().all(|word| word != "SECRET")
}

/// Whether a database's image takes the password of its user by that name.
pub(crate) fn is_database_password(name: &str) -> bool {
    matches!(name, "POSTGRES_PASSWORD" | "MYSQL_PASSWORD" | "MARIADB_PASSWORD" | "MONGO_INITDB_ROOT_PASSWORD")
}

/// Whether a client is told by that name how it signs in, or the very secret: the value shows which.
pub(crate) fn may_repeat_secret(name: &str) -> bool {
    words(name).last().is_some_and(|word| word == "AUTH")
}

/// Whether a value only says what belongs there: `<your password>`.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let inside = value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inside.is_some_and(|inside| inside.chars().any(char::is_alphabetic) && !inside.contains(['<', '>']))
}

/// What a secret has to look like, by the command that a text says to make one with: `openssl rand -base64 32`, or
/// random signs `| head -c 32`.
pub(crate) fn told_shape(text: &str) -> Option<ShapeBlock> {
    let told = |command: &str| {
        let (_, rest) = text.split_once(command)?;
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse::<u16>().ok().filter(|count| (8..=128).contains(count))
    };
    let base64 = told("openssl rand -base64 ").map(ShapeBlock::Base64);
    base64
        .or_else(|| told("openssl rand -hex ").map(|bytes| ShapeBlock::Hex(bytes * 2)))
        .or_else(|| told("| head -c ").map(ShapeBlock::Alphanumeric))
}

/// Whether a value can be a secret at all.
pub(crate) fn is_plausible(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit()) && value.len() < 6;
    let is_path = value.starts_with(['/', '.', '~']) || value.contains("://");
    let is_file_name = value.rsplit_once('.').is_some_and(|(name, end)| {
        !name.is_empty()
            && matches!(end, "txt" | "pem" | "key" | "crt" | "json" | "yml" | "yaml" | "conf" | "env")
    });
    // Hashes, signed tokens and keys in PEM belong to something else that was made with them.
    let is_made = value.starts_with("eyJ") || value.starts_with("-----") || value.starts_with('$');
    let is_text = value.contains(char::is_whitespace) || value.contains(char::is_control);
    (3..=LENGTH_LIMIT).contains(&value.len())
        && !NO_SECRETS.contains(&lower.as_str())
        && !(is_number || is_path || is_file_name || is_made || is_text)
}

/// Whether a value is the hash of a password.
pub(crate) fn is_password_hash(value: &str) -> bool {
    let value = value.replace("$$", "$");
    ["$2a$", "$2b$", "$2y$", "$argon2", "$5$", "$6$", "$pbkdf2"].iter().any(|begin| value.starts_with(begin))
}

/// Whether a value was made with a secret that it does not tell: the hash of a password, a signed token.
pub(crate) fn is_derived(value: &str) -> bool {
    is_password_hash(value) || is_signed_token(value)
}

/// Whether a value is a token that somebody signed, whatever it is called.
pub(crate) fn is_signed_token(value: &str) -> bool {
    value.starts_with("eyJ") && value.matches('.').count() == 2
}

/// Whether a number that is too short to be a secret by itself is one, as its name says nothing else.
pub(crate) fn is_short_number_of(name: &str, value: &str) -> bool {
    let is_called_so = words(name).last().is_some_and(|word| LAST_WORDS.contains(&word.as_str()));
    is_called_so && (4..=5).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_secrets_from_what_is_about_them() {
        for name in [
            "MYSQL_ROOT_PASSWORD",
            "DB_PASS",
            "JWT_SECRET",
            "SECRET_KEY_BASE",
            "APP_KEY",
            "pgpassword",
            "PASSWORD_SALT",
            "FORGEJO__security__SECRET_KEY",
            "MEILI_MASTER_KEY",
            "ADMIN_TOKEN",
            "API_AUTH_TOKENS",
            "REDIS_HOST_PASSWORD",
            "_AIRFLOW_WWW_USER_PASSWORD",
            "CMS_SITE_PASSWORD",
        ] {
            assert!(looks_secret(name), "{name}");
        }
        for name in [
            "POSTGRES_PASSWORD_FILE",
            "PASSWORD_MIN_LENGTH",
            "MYSQL_ALLOW_EMPTY_PASSWORD",
            "MYSQL_RANDOM_ROOT_PASSWORD",
            "HASHED_PASSWORD",
            "COMPASS",
            "KEY",
            "PUBLIC_KEY",
            "JWT_EXPIRES_IN",
            "SSH_KEY",
            "PWA_ENABLED",
            "SECRET_NAME",
            "MONKEY",
            "CONTEXT_TOKENS",
            "JWT_ADMIN_ROLES",
        ] {
            assert!(!looks_secret(name), "{name}");
        }
        let random = "QaHbTe77CtuXmsfyhR7+vRjI/+XbV1AaFy691iy";
        assert!(
            is_own_key("APP_API_KEY", &"0a1b2c3d".repeat(4))
                && !is_own_key("APP_API_KEY", "0a1b2c3d0a1b2c3d0a1b")
        );
        assert!(is_own_key("PLUGIN_API_KEY", random) && !is_own_key("PLUGIN_API_KEY", "your-own-api-key-32"));
        for name in ["OPENAI_API_KEY", "KEY_ID", "PUBLIC_KEY", "SIGNING_PRIVATE_KEY"] {
            assert!(!is_own_key(name, random), "{name}");
        }
        assert!(is_foreign("SMTP_PASSWORD") && is_foreign("OPENAI_API_KEY") && !is_foreign("DB_PASSWORD"));
    }

    #[test]
    fn a_command_tells_what_a_secret_looks_like() {
        assert_eq!(told_shape("Make one: `openssl rand -base64 32`."), Some(ShapeBlock::Base64(32)));
        assert_eq!(told_shape("openssl rand -hex 16"), Some(ShapeBlock::Hex(32)));
        assert_eq!(told_shape("tr -dc a-z </dev/urandom | head -c 32)"), Some(ShapeBlock::Alphanumeric(32)));
        assert_eq!(told_shape("openssl rand 32"), None);
    }

    #[test]
    fn switches_paths_and_numbers_are_no_secrets() {
        for value in
            ["", "true", "12345", "/run/secret", "./x", "http://x", "key.pem", "two words", "$2y$10$x"]
        {
            assert!(!is_plausible(value), "{value}");
        }
        for value in ["admin", "123456", "p@ss/w0rd", "changeme"] {
            assert!(is_plausible(value), "{value}");
        }
    }
}
