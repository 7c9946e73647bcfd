//! Identifiers and passwords, from the kernel's randomness.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use control::ports::Ids;
use control::ports::ids::PASSWORD_LENGTH;
use domain::package::SecretShape;
use domain::{InstallId, OperationId, Secret};

const LOWERCASE_AND_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const HEX_DIGITS: &[u8] = b"0123456789abcdef";

/// Characters of an identifier: 103 bits, so that none comes twice.
const ID_LENGTH: usize = 20;

/// The kernel's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn install_id(&self) -> InstallId {
        InstallId::from_text(random_text(LOWERCASE_AND_DIGITS, ID_LENGTH))
    }

    fn operation_id(&self) -> OperationId {
        OperationId::from_text(random_text(LOWERCASE_AND_DIGITS, ID_LENGTH))
    }

    fn password(&self) -> Secret {
        Secret::from_text(kept(LETTERS_AND_DIGITS, PASSWORD_LENGTH))
    }

    fn secret(&self, shape: SecretShape) -> Secret {
        let text = match shape {
            SecretShape::Standard => return self.password(),
            SecretShape::Alphanumeric(length) => kept(LETTERS_AND_DIGITS, length.into()),
            SecretShape::Lowercase(length) => random_text(LOWERCASE_AND_DIGITS, length.into()),
            SecretShape::Hex(length) => random_text(HEX_DIGITS, length.into()),
            SecretShape::Base64(bytes) => STANDARD.encode(random_bytes(bytes.into())),
            // The sign last, where no reader of arguments takes it for something else.
            SecretShape::Strong(length) => kept(LETTERS_AND_DIGITS, usize::from(length) - 1) + "!",
            SecretShape::Uuid => uuid(&random_bytes(16)),
        };
        Secret::from_text(text)
    }

    fn bits(&self) -> [u8; 32] {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).expect("the kernel gives randomness once it has booted");
        bits
    }
}

fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).expect("the kernel gives randomness once it has booted");
    bytes
}

/// A text that keeps the rules of passwords. Trying again until it does leaves all that keep them equally likely.
fn kept(alphabet: &[u8], length: usize) -> String {
    loop {
        let text = random_text(alphabet, length);
        if keeps_the_rules(text.as_bytes()) {
            return text;
        }
    }
}

/// A random UUID (version 4) of 16 bytes.
fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        let byte = match place {
            6 => byte & 0x0f | 0x40,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        text.push_str(if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" });
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

fn keeps_the_rules(password: &[u8]) -> bool {
    password[0].is_ascii_alphabetic()
        && password.iter().any(u8::is_ascii_uppercase)
        && password.iter().any(u8::is_ascii_lowercase)
        && password.iter().any(u8::is_ascii_digit)
}

/// Characters of the alphabet, each as likely as any other: a byte that would favour the first ones is
/// thrown away.
fn random_text(alphabet: &[u8], length: usize) -> String {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    loop {
        getrandom::fill(&mut bytes).expect("the kernel gives randomness once it has booted");
        for byte in bytes.into_iter().map(usize::from).filter(|byte| *byte < fair) {
            text.push(char::from(alphabet[byte % alphabet.len()]));
            if text.len() == length {
                return text;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn passwords_keep_the_rules_and_use_the_whole_alphabet() {
        let passwords: Vec<_> = (0..2_000).map(|_| RandomIds.password()).collect();
        for password in &passwords {
            let text = password.reveal();
            assert_eq!(text.len(), PASSWORD_LENGTH);
            assert!(
                text.bytes().all(|b| b.is_ascii_alphanumeric()) && keeps_the_rules(text.as_bytes()),
                "{text}"
            );
        }
        let seen: HashSet<_> = passwords.iter().flat_map(|password| password.reveal().bytes()).collect();
        assert_eq!(seen.len(), LETTERS_AND_DIGITS.len());
        let different: HashSet<_> = passwords.iter().map(Secret::reveal).collect();
        assert_eq!(different.len(), passwords.len());
    }

    #[test]
    fn secrets_have_the_shape_that_is_asked_for() {
        let is_hex = |text: &str| text.bytes().all(|b| HEX_DIGITS.contains(&b));
        for _ in 0..200 {
            let made = |shape| RandomIds.secret(shape).reveal().to_owned();
            assert_eq!(made(SecretShape::Standard).len(), PASSWORD_LENGTH);
            let text = made(SecretShape::Alphanumeric(8));
            assert!(text.len() == 8 && keeps_the_rules(text.as_bytes()), "{text}");
            let text = made(SecretShape::Lowercase(40));
            assert!(text.len() == 40 && text.bytes().all(|b| LOWERCASE_AND_DIGITS.contains(&b)), "{text}");
            let text = made(SecretShape::Hex(64));
            assert!(text.len() == 64 && is_hex(&text), "{text}");
            let text = made(SecretShape::Base64(32));
            assert_eq!(STANDARD.decode(&text).expect("it is base64").len(), 32);
            let text = made(SecretShape::Strong(8));
            assert!(
                text.len() == 8 && text.ends_with('!') && keeps_the_rules(&text.as_bytes()[..7]),
                "{text}"
            );
            let text = made(SecretShape::Uuid);
            let parts: Vec<&str> = text.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{text}");
            assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{text}");
            assert!(parts.concat().len() == 32 && is_hex(&parts.concat()), "{text}");
        }
    }

    #[test]
    fn every_character_is_as_likely_as_any_other() {
        const DRAWN: usize = 620_000;
        let text = random_text(LETTERS_AND_DIGITS, DRAWN);
        for letter in LETTERS_AND_DIGITS {
            let count = text.bytes().filter(|drawn| drawn == letter).count();
            // Ten standard deviations: a fair draw fails once in 10^22; without the rejection A would come
            // a quarter too often.
            assert!(count.abs_diff(DRAWN / LETTERS_AND_DIGITS.len()) < 1_000, "{letter}: {count}");
        }
    }

    #[test]
    fn identifiers_are_lowercase_letters_and_digits() {
        let (install, operation) = (RandomIds.install_id(), RandomIds.operation_id());
        for text in [install.as_str(), operation.as_str()] {
            assert!(
                text.len() == ID_LENGTH && text.bytes().all(|b| LOWERCASE_AND_DIGITS.contains(&b)),
                "{text}"
            );
        }
        assert_ne!(install.as_str(), operation.as_str());
    }
}
