//! The files of certificates: chain and private key in one, so that nginx can never read halves that do not fit. Each is
//! written once, under a name of its own, and readable by the server and root only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use domain::{Certificate, DomainName, Failure, FailureClass, Validity};

use crate::failure::of_disk;
use crate::order::Issued;
use crate::validity::of_chain;

/// Certificates of one name that came in one second, at most: more is a fault of whoever asks.
const SAME_SECOND_MAX: u32 = 100;

/// Writes what was issued to a file of its own.
pub(crate) async fn keep(folder: &Path, name: &DomainName, issued: Issued) -> Result<Certificate, Failure> {
    let Some(Validity { from: valid_from, until: expires_at }) = of_chain(&issued.chain) else {
        let detail = "the certification authority sent something that is no certificate";
        return Err(Failure::of(FailureClass::CaRefused, name.as_str(), detail));
    };
    let stem = format!("{name}-{}", valid_from.as_millis() / 1000);
    let (folder, shown) = (folder.to_owned(), folder.to_owned());
    let text = format!("{}\n{}", issued.chain.trim_end(), issued.key);
    let written = off_the_runtime(move || {
        make_private(&folder)?;
        for number in 1..=SAME_SECOND_MAX {
            let file = if number == 1 { format!("{stem}.pem") } else { format!("{stem}-{number}.pem") };
            match create(&folder.join(&file), &text) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                written => return written.map(|()| file),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    });
    let file = written.await.map_err(|error| of_disk(&error, &shown))?;
    Ok(Certificate { file, valid_from, expires_at })
}

/// Removes the files of all certificates but those. No folder: no file.
pub(crate) async fn keep_only(folder: &Path, kept: &[Certificate]) -> io::Result<()> {
    let kept: Vec<String> = kept.iter().map(|certificate| certificate.file.clone()).collect();
    let folder = folder.to_owned();
    off_the_runtime(move || {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let is_ours = name.to_str().is_some_and(|name| name.ends_with(".pem"));
            if is_ours && !kept.iter().any(|kept| name == kept.as_str()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    })
    .await
}

/// Puts a file in place of the old one, whole or not at all, readable by its owner only.
pub(crate) async fn write_private(path: &Path, text: String) -> io::Result<()> {
    let path = path.to_owned();
    off_the_runtime(move || {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        make_private(folder)?;
        let beside = path.with_extension("new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        create(&beside, &text)?;
        fs::rename(&beside, &path)?;
        File::open(folder)?.sync_all()
    })
    .await
}

fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes a file that was not there. It is on the disk when the call returns, and gone if it fails.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        drop(fs::remove_file(path));
    }
    written
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn issued() -> Issued {
        let key = rcgen::KeyPair::generate().expect("a key");
        let parameters = rcgen::CertificateParams::new(["a.example".to_owned()]).expect("a name");
        let chain = parameters.self_signed(&key).expect("a certificate").pem();
        Issued { chain, key: key.serialize_pem() }
    }

    #[tokio::test]
    async fn each_certificate_has_a_private_file_of_its_own_until_it_is_not_kept() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let folder = place.path().join("certificates");
        let name = DomainName::parse("a.example").expect("a name");
        keep_only(&folder, &[]).await.expect("there is none");
        let first = keep(&folder, &name, issued()).await.expect("it is written");
        let second = keep(&folder, &name, issued()).await.expect("it is written");
        assert_ne!(first.file, second.file);
        let path = folder.join(&first.file);
        let text = fs::read_to_string(&path).expect("it is there");
        assert!(text.starts_with("-----BEGIN CERTIFICATE-----") && text.contains("PRIVATE KEY-----"));
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&folder).expect("it is there").permissions().mode() & 0o777, 0o700);
        keep_only(&folder, std::slice::from_ref(&second)).await.expect("it goes");
        assert!(!path.exists() && folder.join(&second.file).exists());
    }

    #[tokio::test]
    async fn what_is_no_certificate_leaves_no_file() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let name = DomainName::parse("a.example").expect("a name");
        let nothing = Issued { chain: "no".to_owned(), ..issued() };
        let failure = keep(place.path(), &name, nothing).await.expect_err("it is none");
        assert_eq!(failure.class, FailureClass::CaRefused);
        assert_eq!(fs::read_dir(place.path()).expect("it is there").count(), 0);
    }
}
