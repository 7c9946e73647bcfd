//! Identifiers and passwords, from the kernel's randomness.

use control::ports::Ids;
use control::ports::ids::PASSWORD_LENGTH;
use domain::{InstallId, OperationId, Secret};

const LOWERCASE_AND_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

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
        // Trying again until the rules are kept leaves all that keep them equally likely.
        loop {
            let password = random_text(LETTERS_AND_DIGITS, PASSWORD_LENGTH);
            if keeps_the_rules(password.as_bytes()) {
                return Secret::from_text(password);
            }
        }
    }

    fn bits(&self) -> [u8; 32] {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).expect("the kernel gives randomness once it has booted");
        bits
    }
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
