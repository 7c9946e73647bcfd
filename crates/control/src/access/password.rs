//! How passwords are kept: argon2id, as a PHC string (`$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use domain::Secret;
use subtle::ConstantTimeEq;

/// OWASP's choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Bytes of the hash.
const HASH_BYTES: usize = 32;

/// Characters of a password: what can be guessed is not worth a hash.
pub(super) const SHORTEST: usize = 10;
/// Bytes of a password: what fits into an HTTP header many times over.
pub(super) const LONGEST_BYTES: usize = 256;

/// Bytes that are asked for at once, though not all are used (and what is not used is never there): more than the
/// 32 MiB up to which glibc keeps for itself what it is given back, so that an idle server does not hold on to the
/// 19 MiB of its last login.
const GIVEN_BACK_BYTES: usize = 33 << 20;

/// Whether it may be a user's password.
pub(super) fn is_acceptable(password: &Secret) -> bool {
    let text = password.reveal();
    text.len() <= LONGEST_BYTES
        && text.chars().count() >= SHORTEST
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

/// The hash of a password. Takes a processor for some ten milliseconds.
pub(super) fn hashed(password: &Secret, salt: &[u8]) -> Secret {
    phc(salt, &derived(password, salt))
}

/// A hash that no password has: for users that are not there, so that they take as long as others.
pub(super) fn of_nobody(random: &[u8; 32]) -> Secret {
    phc(&random[..16], random)
}

/// Whether that is the hash of the password. Takes as long as [`hashed`].
pub(super) fn is_hash_of(hash: &Secret, password: &Secret) -> bool {
    let mut parts = hash.reveal().rsplit('$').map(|part| STANDARD_NO_PAD.decode(part));
    let (Some(Ok(hash)), Some(Ok(salt))) = (parts.next(), parts.next()) else { return false };
    derived(password, &salt).ct_eq(&hash[..]).into()
}

/// Bytes as text that needs no quoting anywhere.
pub(super) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn phc(salt: &[u8], hash: &[u8]) -> Secret {
    let [salt, hash] = [salt, hash].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    Secret::from_text(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}"))
}

fn derived(password: &Secret, salt: &[u8]) -> [u8; HASH_BYTES] {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).expect("these are allowed");
    let blocks = params.block_count();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut memory = Vec::with_capacity(GIVEN_BACK_BYTES / Block::SIZE);
    memory.resize(blocks, Block::new());
    let mut hash = [0; HASH_BYTES];
    argon2
        .hash_password_into_with_memory(password.reveal().as_bytes(), salt, &mut hash, &mut memory)
        .expect("the password and the salt are of allowed lengths");
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_its_password_and_of_no_other() {
        let password = Secret::from_text("correct horse 电池");
        let hash = hashed(&password, &[1; 16]);
        assert!(hash.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$AQEB"), "{}", hash.reveal());
        assert!(is_hash_of(&hash, &password));
        assert!(!is_hash_of(&hash, &Secret::from_text("correct horse 电池.")));
        assert!(!is_hash_of(&of_nobody(&[1; 32]), &password));
        assert!(!is_hash_of(&Secret::from_text("no hash"), &password));
        assert_ne!(hash, hashed(&password, &[2; 16]), "a salt hides that two have one password");
    }

    #[test]
    fn passwords_are_neither_short_nor_endless_nor_control_characters() {
        for (text, ok) in [
            ("0123456789".to_owned(), true),
            ("密码密码密码密码密码".to_owned(), true),
            ("012345678".to_owned(), false),
            ("0123456789\n0".to_owned(), false),
            (" 0123456789".to_owned(), false),
            ("x".repeat(LONGEST_BYTES), true),
            ("x".repeat(LONGEST_BYTES + 1), false),
        ] {
            assert_eq!(is_acceptable(&Secret::from_text(text.clone())), ok, "{text}");
        }
    }
}
