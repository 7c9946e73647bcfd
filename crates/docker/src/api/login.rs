//! The logins to registries that the user has, in Docker's client configuration, used as they are: read
//! anew for each pull, never stored, never logged.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use domain::Secret;
use serde::Deserialize;
use serde_json::json;

use crate::environment::Environment;
use crate::process::{self, Input, Invocation};

/// The name under which Docker keeps the login to its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// A credential helper may ask a keyring, which asks nobody on a server.
const HELPER_LIMIT: Duration = Duration::from_secs(10);

/// What a helper gives in place of a user name when the secret is a token.
const TOKEN_USER: &str = "<token>";

/// `config.json`, as far as it concerns logins.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ClientConfig {
    auths: HashMap<String, StoredLogin>,
    creds_store: String,
    cred_helpers: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StoredLogin {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

/// A login to one registry.
#[derive(Debug, PartialEq, Eq)]
enum Login {
    Password { user_name: String, password: Secret },
    Token(Secret),
}

/// The `X-Registry-Auth` header for an image, if the user has a login for its registry. One that cannot
/// be read is as good as none: the registry's refusal will say what is missing.
pub(super) async fn for_image(environment: &Environment, image: &str) -> Option<String> {
    let file = environment.client_config_dir()?.join("config.json");
    let text = tokio::fs::read(&file).await.ok()?;
    let config = ClientConfig::parse(&text)
        .inspect_err(
            |reason| tracing::warn!(file = %file.display(), reason, "the logins to registries cannot be read"),
        )
        .ok()?;
    let registry = registry_of(image);
    let login = match config.helper_for(registry) {
        Some(helper) => from_helper(environment, helper, registry).await,
        None => config.stored_for(registry),
    };
    login.map(|login| login.header(registry))
}

/// The registry that an image's name leads to: its first part, if that looks like a host.
fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some(("docker.io" | "index.docker.io", _)) => DOCKER_HUB,
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => DOCKER_HUB,
    }
}

impl ClientConfig {
    /// Reads `config.json`. Of an error only the place is told: its words may quote a login.
    fn parse(text: &[u8]) -> Result<Self, String> {
        let place = |error: serde_json::Error| format!("line {}, column {}", error.line(), error.column());
        serde_json::from_slice(text).map_err(place)
    }

    fn helper_for(&self, registry: &str) -> Option<&str> {
        let helper = self.cred_helpers.get(registry).unwrap_or(&self.creds_store);
        Some(helper.as_str()).filter(|name| !name.is_empty())
    }

    fn stored_for(&self, registry: &str) -> Option<Login> {
        let same_host =
            || self.auths.iter().find(|(key, _)| host_of(key) == host_of(registry)).map(|(_, login)| login);
        self.auths.get(registry).or_else(same_host)?.read()
    }
}

/// Older clients wrote `https://host/v1/` where newer ones write `host`.
fn host_of(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    key.split('/').next().unwrap_or(key)
}

impl StoredLogin {
    fn read(&self) -> Option<Login> {
        if !self.identitytoken.is_empty() {
            return Some(Login::Token(Secret::from_text(self.identitytoken.clone())));
        }
        let (user_name, password) = if self.auth.is_empty() {
            (self.username.clone(), self.password.clone())
        } else {
            let decoded = String::from_utf8(STANDARD.decode(&self.auth).ok()?).ok()?;
            let (user_name, password) = decoded.split_once(':')?;
            (user_name.to_owned(), password.trim_end_matches('\0').to_owned())
        };
        let login = Login::Password { password: Secret::from_text(password), user_name };
        Some(login)
            .filter(|login| !matches!(login, Login::Password { user_name, .. } if user_name.is_empty()))
    }
}

impl Login {
    fn header(&self, registry: &str) -> String {
        let json = match self {
            Self::Password { user_name, password } => {
                json!({"username": user_name, "password": password.reveal(), "serveraddress": registry})
            }
            Self::Token(token) => json!({"identitytoken": token.reveal(), "serveraddress": registry}),
        };
        URL_SAFE.encode(json.to_string())
    }
}

/// Asks `docker-credential-<helper>`.
async fn from_helper(environment: &Environment, helper: &str, registry: &str) -> Option<Login> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        username: String,
        secret: String,
    }
    // A name, not a path: it becomes part of a program's name.
    if !helper.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return None;
    }
    let ended = process::run(Invocation {
        program: environment.find_program(&format!("docker-credential-{helper}"))?,
        arguments: vec!["get".into()],
        environment,
        markers: None,
        input: Input::Text(registry.to_owned()),
        time_limit: HELPER_LIMIT,
    })
    .await;
    let Some(ended) = ended.ok().filter(|ended| ended.success) else {
        // So it does also where it simply has no login for that registry.
        tracing::debug!(helper, registry, "the credential helper gives no login");
        return None;
    };
    let Answer { username, secret } = serde_json::from_str(&ended.stdout).ok()?;
    let secret = Secret::from_text(secret);
    Some(if username == TOKEN_USER {
        Login::Token(secret)
    } else {
        Login::Password { user_name: username, password: secret }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    async fn header(config: &str, helper: Option<&str>, image: &str) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.json"), config).expect("written");
        if let Some(script) = helper {
            testkit::programs::script(&folder.path().join("docker-credential-test"), script);
        }
        let header = for_image(&environment(folder.path()), image).await?;
        Some(String::from_utf8(URL_SAFE.decode(header).expect("base64")).expect("text"))
    }

    fn environment(folder: &Path) -> Environment {
        let folder = folder.display();
        Environment::of([
            ("DOCKER_CONFIG".to_owned(), folder.to_string()),
            ("PATH".to_owned(), format!("{folder}:/usr/bin:/bin")),
        ])
    }

    #[tokio::test]
    async fn stored_logins_are_found_under_every_spelling_of_the_registry() {
        // "me:secret"
        let auth = r#"{"auth":"bWU6c2VjcmV0"}"#;
        for (key, image) in [
            ("https://index.docker.io/v1/", "redis:7"),
            ("https://index.docker.io/v1/", "docker.io/me/app"),
            ("ghcr.io", "ghcr.io/me/app:1"),
            ("https://ghcr.io/v2/", "ghcr.io/me/app:1"),
            ("127.0.0.1:5000", "127.0.0.1:5000/app"),
        ] {
            let sent =
                header(&format!(r#"{{"auths":{{"{key}":{auth}}}}}"#), None, image).await.expect("a login");
            assert!(sent.starts_with(r#"{"username":"me","password":"secret","#), "{sent}");
        }
        let other = format!(r#"{{"auths":{{"ghcr.io":{auth}}}}}"#);
        assert_eq!(header(&other, None, "redis:7").await, None);
    }

    #[test]
    fn a_login_in_the_wrong_place_is_not_quoted() {
        let error = ClientConfig::parse(br#"{"auths":{"ghcr.io":"bWU6c2VjcmV0"}}"#).err();
        assert_eq!(error.as_deref(), Some("line 1, column 34"));
    }

    #[tokio::test]
    async fn a_token_takes_the_place_of_a_password() {
        let config = r#"{"auths":{"ghcr.io":{"auth":"bWU6","identitytoken":"t0ken"}}}"#;
        let sent = header(config, None, "ghcr.io/me/app").await.expect("a login");
        assert_eq!(sent, r#"{"identitytoken":"t0ken","serveraddress":"ghcr.io"}"#);
    }

    #[tokio::test]
    async fn helpers_are_asked_with_the_registry_on_their_input() {
        let config = r#"{"credHelpers":{"ghcr.io":"test"},"auths":{"ghcr.io":{}}}"#;
        let script = r#"read server; [ "$1" = get ] && echo "{\"ServerURL\":\"$server\",\"Username\":\"u-$server\",\"Secret\":\"s\"}""#;
        let sent = header(config, Some(script), "ghcr.io/me/app").await.expect("a login");
        assert!(sent.starts_with(r#"{"username":"u-ghcr.io","password":"s""#), "{sent}");
        assert_eq!(header(config, Some(script), "redis").await, None, "the helper is the other registry's");
        let store = r#"{"credsStore":"test"}"#;
        let token = r#"cat >/dev/null; echo '{"Username":"<token>","Secret":"s"}'"#;
        let sent = header(store, Some(token), "redis").await.expect("a login");
        assert_eq!(sent, r#"{"identitytoken":"s","serveraddress":"https://index.docker.io/v1/"}"#);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_no_login() {
        for (config, helper) in [
            ("not json", None),
            (r#"{"auths":{"ghcr.io":{"auth":"%%%"}}}"#, None),
            (r#"{"auths":{"ghcr.io":{}}}"#, None),
            (r#"{"credsStore":"missing"}"#, None),
            (r#"{"credsStore":"../test"}"#, Some("exit 0")),
            (r#"{"credsStore":"test"}"#, Some("echo credentials not found; exit 1")),
        ] {
            assert_eq!(header(config, helper, "ghcr.io/me/app").await, None, "{config}");
        }
    }
}
