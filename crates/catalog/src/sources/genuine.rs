//! Whether an archive is what it has to be: by its SHA-256, by a signature of minisign, or by both where both are given.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use minisign_verify::{PublicKey, Signature};
use sha2::{Digest, Sha256};

use super::limits::{Budget, FetchError};

/// Largest signature: two lines of base64 and two comments.
pub(super) const SIGNATURE_BYTES_MAX: u64 = 8 << 10;

/// Checks an archive, and tells its SHA-256. `signed` is the public key, and the signature's text.
pub(super) fn check(
    archive: &Path,
    sha256: Option<&str>,
    signed: Option<(&str, &str)>,
    budget: &Budget,
) -> Result<String, FetchError> {
    let not_genuine = |what: String| FetchError::NotGenuine(what);
    let verifier = match &signed {
        None => None,
        Some((key, signature)) => {
            let bad = |error| not_genuine(format!("the signature: {error}"));
            Some((PublicKey::from_base64(key).map_err(bad)?, Signature::decode(signature).map_err(bad)?))
        }
    };
    let mut stream = match &verifier {
        None => None,
        Some((key, signature)) => Some(key.verify_stream(signature).map_err(|error| {
            not_genuine(format!("the signature: {error}; it has to be made with minisign 0.11 or later"))
        })?),
    };
    let cannot_read = || FetchError::disk(format!("{} cannot be read", archive.display()));
    let mut file = File::open(archive).map_err(cannot_read())?;
    let (mut sum, mut chunk) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        budget.go_on()?;
        let length = file.read(&mut chunk).map_err(cannot_read())?;
        if length == 0 {
            break;
        }
        sum.update(&chunk[..length]);
        if let Some(stream) = &mut stream {
            stream.update(&chunk[..length]);
        }
    }
    let found = hex(&sum.finalize());
    if let Some(wanted) = sha256.filter(|wanted| *wanted != found) {
        return Err(not_genuine(format!("SHA-256 is {found}, not {wanted}")));
    }
    if let Some(mut stream) = stream {
        stream.finalize().map_err(|error| not_genuine(format!("the signature: {error}")))?;
    }
    Ok(found)
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    /// Of a file that holds `test`, as the documentation of minisign has it.
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1556193335\tfile:test
y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==";

    fn checked(
        content: &str,
        sha256: Option<&str>,
        signed: Option<(&str, &str)>,
    ) -> Result<String, FetchError> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("archive");
        std::fs::write(&file, content).expect("written");
        check(&file, sha256, signed, &Budget::of(0, 0))
    }

    #[test]
    fn what_is_genuine_is_taken() {
        for (sha256, signed) in
            [(Some(SUM), None), (None, Some((KEY, SIGNATURE))), (Some(SUM), Some((KEY, SIGNATURE)))]
        {
            assert_eq!(checked("test", sha256, signed).expect("it is genuine"), SUM);
        }
    }

    #[test]
    fn what_is_not_genuine_is_refused_by_either_proof() {
        let other_key = KEY.replace("53ml", "53mm");
        let other_comment = SIGNATURE.replace("1556193335", "1999999999");
        for (content, sha256, signed) in [
            ("tesu", Some(SUM), None),
            ("tesu", None, Some((KEY, SIGNATURE))),
            ("test", Some(&*SUM.replace('9', "8")), Some((KEY, SIGNATURE))),
            ("test", Some(SUM), Some((&*other_key, SIGNATURE))),
            ("test", None, Some((KEY, &*other_comment))),
            ("test", Some(SUM), Some((KEY, ""))),
            ("test", Some(SUM), Some(("RWx", SIGNATURE))),
        ] {
            let refused = checked(content, sha256, signed);
            assert!(matches!(refused, Err(FetchError::NotGenuine(_))), "{refused:?}");
        }
    }
}
