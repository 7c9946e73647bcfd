//! The certificate that nginx shows: made here where the administrator has none, and read again to be recognised.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType,
};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::error::GatewayFailure;
use crate::value::HostName;

/// Nobody trusts a self-signed certificate for its dates, and nothing renews it: it is to outlive the machine.
const VALID_FOR: Duration = Duration::from_hours(10 * 365 * 24);

/// Clocks of clients may be behind.
const VALID_BEFORE: Duration = Duration::from_hours(24);

/// A self-signed certificate for these names, and its private key, in PEM.
pub(crate) fn self_signed(names: &[HostName], now: SystemTime) -> Result<String, GatewayFailure> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "appmanage, self-signed");
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    parameters.not_before = (now - VALID_BEFORE).into();
    parameters.not_after = (now + VALID_FOR).into();
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for name in names {
        parameters.subject_alt_names.push(match name.as_str().parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.as_str().try_into()?),
        });
    }
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    Ok(certificate.pem() + &key.serialize_pem())
}

/// The server's own certificate, which comes first in its file.
pub(crate) fn leaf(path: &Path) -> Result<CertificateDer<'static>, GatewayFailure> {
    let unreadable =
        |error| GatewayFailure::file("read a certificate from", path)(std::io::Error::other(error));
    CertificateDer::from_pem_file(path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_certificate_of_our_own_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.pem");
        let names = ["apps.example.com".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        std::fs::write(&path, self_signed(&names, SystemTime::UNIX_EPOCH + VALID_FOR).unwrap()).unwrap();
        assert!(leaf(&path).unwrap().len() > 200);
        assert!(leaf(folder.path()).unwrap_err().to_string().contains("cannot read a certificate from"));
    }
}
