//! Why a pull failed, from the words of the engine and the registry: there is nothing else to go by.

use domain::{Failure, FailureClass};

/// The class of a failed pull. `logged_in`: a login for the image's registry was sent along.
pub(super) fn classify(image: &str, words: &str, logged_in: bool) -> Failure {
    let lowercase = words.to_lowercase();
    let says = |any_of: &[&str]| any_of.iter().any(|text| lowercase.contains(text));
    let class = if says(&["toomanyrequests", "too many requests", "rate limit"]) {
        FailureClass::PullLimit
    } else if says(&["no space left on device", "disk quota exceeded"]) {
        FailureClass::DiskFull
    } else if says(&["no matching manifest", "does not match the specified platform"]) {
        FailureClass::WrongPlatform
    } else if says(&["manifest unknown", "name unknown", "not found: manifest", "invalid reference format"])
        || (says(&["manifest for", "repository"]) && says(&["not found"]))
    {
        FailureClass::NoSuchImage
    } else if says(&["pull access denied", "repository does not exist"]) && !logged_in {
        // The registry does not tell a missing image from a private one to somebody unknown. Missing is
        // the likelier by far, and its words mention the login.
        FailureClass::NoSuchImage
    } else if says(&["unauthorized", "authentication required", "denied", "basic auth", "incorrect username"])
    {
        FailureClass::LoginNeeded
    } else if is_out_of_reach(&lowercase) {
        FailureClass::RegistryUnreachable
    } else if says(&["not found"]) {
        FailureClass::NoSuchImage
    } else {
        FailureClass::ContainerCommand
    };
    // The disk is the engine's, not the image's.
    Failure::of(class, if class == FailureClass::DiskFull { "" } else { image }, words)
}

/// Whether no registry could be asked: no name, no route, no listener, no TLS, no answer, or a broken one.
fn is_out_of_reach(words: &str) -> bool {
    const SIGNS: &[&str] = &[
        "dial tcp",
        "lookup ",
        "no such host",
        "name resolution",
        "connection refused",
        "connection reset",
        "network is unreachable",
        "no route to host",
        "i/o timeout",
        "timeout",
        "deadline exceeded",
        "request canceled",
        "tls",
        "x509",
        "http response to https client",
        "unexpected eof",
        ": eof",
        "bad gateway",
        "service unavailable",
        "internal server error",
        "gateway time",
        "proxyconnect",
    ];
    SIGNS.iter().any(|sign| words.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(words: &str) -> FailureClass {
        classify("x", words, false).class
    }

    #[test]
    fn the_words_of_engines_and_registries_are_classified() {
        use FailureClass::*;
        for (words, expected) in [
            (
                "manifest for 127.0.0.1:5000/library/redis:nope not found: manifest unknown: manifest unknown",
                NoSuchImage,
            ),
            ("manifest for redis:nope not found", NoSuchImage),
            (
                "failed to resolve reference \"docker.io/library/redis:nope\": docker.io/library/redis:nope: not found",
                NoSuchImage,
            ),
            (
                "repository 127.0.0.1:5000/nothing not found: name unknown: repository name not known to registry",
                NoSuchImage,
            ),
            (
                "pull access denied for nothing, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
                NoSuchImage,
            ),
            (
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
                NoSuchImage,
            ),
            (
                "Head \"https://ghcr.io/v2/a/b/manifests/1\": unauthorized: authentication required",
                LoginNeeded,
            ),
            ("Head \"https://ghcr.io/v2/a/b/manifests/1\": denied", LoginNeeded),
            ("Head \"http://127.0.0.1:5001/v2/x/manifests/1\": no basic auth credentials", LoginNeeded),
            (
                "Get \"https://registry.example/v2/\": dial tcp: lookup registry.example on 10.0.0.2:53: no such host",
                RegistryUnreachable,
            ),
            (
                "Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
                RegistryUnreachable,
            ),
            (
                "Get \"https://x/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
                RegistryUnreachable,
            ),
            ("Get \"https://x/v2/\": x509: certificate signed by unknown authority", RegistryUnreachable),
            ("received unexpected HTTP status: 503 Service Unavailable", RegistryUnreachable),
            ("toomanyrequests: You have reached your pull rate limit.", PullLimit),
            (
                "failed to register layer: Error processing tar file(exit status 1): write /x: no space left on device",
                DiskFull,
            ),
            ("no matching manifest for linux/arm64/v8 in the manifest list entries", WrongPlatform),
            ("something nobody has ever seen", ContainerCommand),
        ] {
            assert_eq!(class(words), expected, "{words}");
        }
    }

    #[test]
    fn a_full_disk_is_not_told_as_that_of_the_image() {
        assert_eq!(classify("redis:7", "write /x: no space left on device", false).subject, "");
    }

    #[test]
    fn a_denied_image_needs_a_better_login_where_one_was_given() {
        let words = "pull access denied for x, repository does not exist or may require 'docker login'";
        assert_eq!(classify("x", words, true).class, FailureClass::LoginNeeded);
    }
}
