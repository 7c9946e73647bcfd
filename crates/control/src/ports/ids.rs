//! Randomness: identifiers and passwords. Injected, so that tests have stable ones.

use domain::package::SecretShape;
use domain::{InstallId, OperationId, Secret};

/// Makes what must not repeat and what must not be guessed.
pub trait Ids: Send + Sync {
    /// A fresh installation id: lowercase letters and digits.
    fn install_id(&self) -> InstallId;

    /// A fresh operation id: lowercase letters and digits.
    fn operation_id(&self) -> OperationId;

    /// A fresh password: [`PASSWORD_LENGTH`] characters out of `A-Z a-z 0-9`, beginning with a letter,
    /// with at least one of each class: safe in any shell, URL and `.env`, and accepted by apps that
    /// ask for mixed characters.
    fn password(&self) -> Secret;

    /// A fresh secret of that shape.
    fn secret(&self, shape: SecretShape) -> Secret;

    /// 256 bits that nobody can guess: for keys and salts.
    fn bits(&self) -> [u8; 32];
}

/// Characters of a generated password: 142 bits.
pub const PASSWORD_LENGTH: usize = 24;
