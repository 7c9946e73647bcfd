//! From when until when a certificate is valid: the one thing that has to be known of it, and so the one that is read.
//!
//! A certificate is a tree of tagged values (X.690); the fields before the validity are passed over unread (RFC 5280,
//! section 4.1).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::{Timestamp, Validity};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The validity of the first certificate of a chain, in PEM.
pub(crate) fn of_chain(chain: &str) -> Option<Validity> {
    let (_, rest) = chain.split_once(BEGIN)?;
    let (body, _) = rest.split_once(END)?;
    let body: String = body.split_ascii_whitespace().collect();
    validity(&BASE64_STANDARD.decode(body).ok()?)
}

/// The validity of a certificate, in DER; `None` if it is none.
#[must_use]
pub fn validity(der: &[u8]) -> Option<Validity> {
    let mut certificate = Values(Values(der).next_of(SEQUENCE)?);
    let mut fields = Values(certificate.next_of(SEQUENCE)?);
    if fields.0.first() == Some(&VERSION) {
        fields.next()?;
    }
    let (_serial, _algorithm, _issuer) = (fields.next()?, fields.next()?, fields.next()?);
    let mut validity = Values(fields.next_of(SEQUENCE)?);
    Some(Validity { from: time(validity.next()?)?, until: time(validity.next()?)? })
}

/// Values that stand one after the other.
struct Values<'a>(&'a [u8]);

impl<'a> Values<'a> {
    /// The next value's tag and content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, first], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Bytes that hold the length: four are more than any certificate has.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    fn next_of(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
    }
}

/// `YYMMDDHHMMSSZ`, of 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time((tag, text): (u8, &[u8])) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let text = match tag {
        UTC_TIME if text.as_bytes().first()? >= &b'5' => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let digits = text.strip_suffix('Z').filter(|digits| digits.len() == 14)?;
    let [year, month, day, hour, minute, second] =
        [0..4, 4..6, 6..8, 8..10, 10..12, 12..14].map(|range| &digits[range]);
    let time = humantime::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).ok()?;
    let since_epoch = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chain(from: (i32, u8, u8), until: (i32, u8, u8)) -> String {
        let mut parameters =
            rcgen::CertificateParams::new(["a.example".to_owned()]).expect("a name that can be certified");
        parameters.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        parameters.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let key = rcgen::KeyPair::generate().expect("a key");
        parameters.self_signed(&key).expect("a certificate").pem()
    }

    fn millis(text: &str) -> Timestamp {
        let time = humantime::parse_rfc3339(text).expect("a moment");
        let since_epoch = time.duration_since(std::time::UNIX_EPOCH).expect("after the epoch");
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).expect("it fits"))
    }

    #[test]
    fn the_validity_of_the_first_certificate_is_read() {
        let two = chain((2026, 11, 23), (2027, 2, 21)) + &chain((2020, 1, 1), (2040, 1, 1));
        let between = |from, until| Some(Validity { from: millis(from), until: millis(until) });
        assert_eq!(of_chain(&two), between("2026-11-23T00:00:00Z", "2027-02-21T00:00:00Z"));
        let long = chain((1999, 12, 31), (2050, 1, 1));
        assert_eq!(of_chain(&long), between("1999-12-31T00:00:00Z", "2050-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_certificate_has_no_validity() {
        for text in ["", "no", BEGIN, &format!("{BEGIN}\n{END}"), &format!("{BEGIN}\nMAo=\n{END}")] {
            assert_eq!(of_chain(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = format!("{BEGIN}\n{}\n{END}", BASE64_STANDARD.encode(bytes));
            let _ = of_chain(&text);
        }
    }
}
