//! What an error of the authority's means to whoever waits for a certificate.

use std::io;
use std::path::Path;

use control::error_chain;
use domain::{DomainName, Failure, FailureClass};
use instant_acme::{Error, Problem};

/// Before the kind of a problem (RFC 8555, section 6.7).
const KIND: &str = "urn:ietf:params:acme:error:";

fn kind(problem: &Problem) -> &str {
    problem.r#type.as_deref().and_then(|kind| kind.strip_prefix(KIND)).unwrap_or_default()
}

/// The class, and what an order for that name failed of.
pub(crate) fn of(error: &Error, name: &DomainName, directory: &str) -> Failure {
    let Error::Api(problem) = error else { return of_calling(error, directory) };
    let class = match kind(problem) {
        "rateLimited" => FailureClass::CaLimit,
        "connection" | "dns" | "incorrectResponse" | "tls" | "unauthorized" => FailureClass::ChallengeFailed,
        "serverInternal" => FailureClass::CaUnreachable,
        _ => FailureClass::CaRefused,
    };
    Failure::of(class, name.as_str(), words(problem))
}

/// Of a call that is about no name.
pub(crate) fn of_calling(error: &Error, directory: &str) -> Failure {
    match error {
        Error::Api(problem) => {
            let class =
                if kind(problem) == "rateLimited" { FailureClass::CaLimit } else { FailureClass::CaRefused };
            Failure::of(class, directory, words(problem))
        }
        Error::Crypto | Error::KeyRejected => {
            Failure::of(FailureClass::Internal, "", format!("the key of the ACME account: {error}"))
        }
        error => Failure::of(FailureClass::CaUnreachable, directory, error_chain(error)),
    }
}

/// Of a file.
pub(crate) fn of_disk(error: &io::Error, path: &Path) -> Failure {
    let class = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FailureClass::DiskFull,
        _ => FailureClass::Internal,
    };
    Failure::of(class, path.display().to_string(), format!("{}: {error}", path.display()))
}

/// Whether the authority does not know our account.
pub(crate) fn is_of_lost_account(error: &Error) -> bool {
    matches!(error, Error::Api(problem) if kind(problem) == "accountDoesNotExist")
}

fn words(problem: &Problem) -> String {
    let detail = problem.detail.as_deref().unwrap_or("no reason was given");
    let subs = problem.subproblems.iter().filter_map(|sub| sub.detail.as_deref());
    std::iter::once(detail).chain(subs).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(kind: &str) -> FailureClass {
        let problem =
            format!(r#"{{"type":"urn:ietf:params:acme:error:{kind}","detail":"words","status":400}}"#);
        let error = Error::Api(serde_json::from_str(&problem).expect("a problem"));
        let name = DomainName::parse("a.example").expect("a name");
        of(&error, &name, "https://ca.example/dir").class
    }

    #[test]
    fn problems_are_told_apart_by_what_to_do_about_them() {
        assert_eq!(class("rateLimited"), FailureClass::CaLimit);
        assert_eq!(class("unauthorized"), FailureClass::ChallengeFailed);
        assert_eq!(class("connection"), FailureClass::ChallengeFailed);
        assert_eq!(class("rejectedIdentifier"), FailureClass::CaRefused);
        assert_eq!(class("serverInternal"), FailureClass::CaUnreachable);
        assert_eq!(class("somethingNew"), FailureClass::CaRefused);
    }
}
