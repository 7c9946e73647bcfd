//! Whose word about a caller is taken: the users and the secret that the settings `gateway.*` name.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use domain::Secret;
use server::Trust;

use crate::config::{self, Config};

/// Where the system keeps its users. Those of directories (LDAP) are none of the system's.
const USERS_FILE: &str = "/etc/passwd";

/// Characters of the secret: what can be guessed is none.
const SECRET_SHORTEST: usize = 32;

/// Why nobody can be trusted so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    #[error(
        "gateway.user names {name}, whom {USERS_FILE} does not have: name the user that nginx' workers run as, such as www-data"
    )]
    NoSuchUser { name: String },
    #[error(
        "gateway.user names {name}, who rules this server anyway: let nginx' workers run as another user than root \
         and the server's own"
    )]
    Ruler { name: String },
    #[error("cannot read {USERS_FILE}, which tells who gateway.user is: {why}")]
    NoUsers { why: io::Error },
    #[error(
        "cannot read {}: {why}; put the secret there that the gateway sends, for the server's user to read",
        path.display()
    )]
    Unreadable { path: PathBuf, why: io::Error },
    #[error("others may read the secret in {}: chmod 0600 it, or 0640", path.display())]
    Open { path: PathBuf },
    #[error(
        "the secret in {} is none: it takes at least {SECRET_SHORTEST} letters, digits and punctuation marks \
         on one line",
        path.display()
    )]
    NoSecret { path: PathBuf },
}

impl TrustError {
    /// Whether another try would say the same.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::Unreadable { why, .. } | Self::NoUsers { why } => config::is_lasting(why),
            Self::NoSuchUser { .. } | Self::Ruler { .. } | Self::Open { .. } | Self::NoSecret { .. } => true,
        }
    }
}

/// Reads what the settings name.
pub(crate) fn of(config: &Config) -> Result<Trust, TrustError> {
    let own_user = rustix::process::geteuid().as_raw();
    let gateway_user = config.gateway_user.as_ref().map(|user| {
        let users = fs::read_to_string(USERS_FILE).map_err(|why| TrustError::NoUsers { why })?;
        user_id(&users, &user.0, own_user)
    });
    Ok(Trust {
        own_user: Some(own_user),
        gateway_user: gateway_user.transpose()?,
        gateway_secret: config.gateway_secret_file.as_deref().map(secret).transpose()?,
        read_only_passwords: config.gateway_read_only_passwords,
    })
}

fn user_id(users: &str, name: &str, own_user: u32) -> Result<u32, TrustError> {
    let mut ids = users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    match ids.next() {
        None => Err(TrustError::NoSuchUser { name: name.to_owned() }),
        Some(id) if id == 0 || id == own_user => Err(TrustError::Ruler { name: name.to_owned() }),
        Some(id) => Ok(id),
    }
}

fn secret(path: &Path) -> Result<Secret, TrustError> {
    let unreadable = |why| TrustError::Unreadable { path: path.to_owned(), why };
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(TrustError::Open { path: path.to_owned() });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let text = text.trim();
    if text.len() < SECRET_SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TrustError::NoSecret { path: path.to_owned() });
    }
    Ok(Secret::from_text(text))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    const USERS: &str =
        "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\nodd:x\nappmanage:x:990:990::/:\n";

    #[test]
    fn the_gateways_user_is_one_of_the_systems_and_rules_nothing() {
        assert_eq!(user_id(USERS, "www-data", 990).expect("there is one"), 33);
        for (name, said) in
            [("nginx", "/etc/passwd"), ("odd", "/etc/passwd"), ("root", "rules"), ("appmanage", "rules")]
        {
            let error = user_id(USERS, name, 990).expect_err("refused").to_string();
            assert!(error.contains(said) && error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_secret_is_long_and_nobody_elses() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("secret");
        let written = |text: &str, mode| {
            fs::write(&path, text).expect("it can be written");
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
            secret(&path)
        };
        let long = "0123456789abcdef0123456789abcdef";
        assert_eq!(written(&format!("{long}\n"), 0o640).expect("a secret").reveal(), long);
        assert!(matches!(written(long, 0o644), Err(TrustError::Open { .. })));
        for short in ["", "\n", "0123456789", &format!("{long} {long}")] {
            assert!(matches!(written(short, 0o600), Err(TrustError::NoSecret { .. })), "{short:?}");
        }
        fs::remove_file(&path).expect("it is there");
        assert!(matches!(secret(&path), Err(TrustError::Unreadable { .. })));
    }
}
