//! Why an operation failed, as a class that a program can match and a person can act upon.
//!
//! The texts, in both languages and with what to do next, are `server`'s messages; here is what is true.

use std::fmt;

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is: decides the text and the advice.
    pub class: FailureClass,
    /// What it happened to: an image, a service, a port, a path. Empty where the class says it all.
    pub subject: String,
    /// What was found, in the words of whoever found it (Docker, the registry, the kernel), secrets
    /// removed and bounded; or the figure that belongs to the class (an exit code, seconds).
    pub detail: String,
}

impl Failure {
    /// Characters of `detail` that are kept: enough for any message of Docker's, too few to fill a disk.
    pub const LONGEST_DETAIL: usize = 2_000;

    /// A failure of that class.
    #[must_use]
    pub fn of(class: FailureClass, subject: impl Into<String>, detail: impl Into<String>) -> Self {
        let mut detail: String = detail.into();
        if detail.len() > Self::LONGEST_DETAIL {
            let end = (0..=Self::LONGEST_DETAIL).rev().find(|&i| detail.is_char_boundary(i)).unwrap_or(0);
            detail.truncate(end);
        }
        Self { class, subject: subject.into(), detail }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class.as_str())?;
        if !self.subject.is_empty() {
            write!(f, " [{}]", self.subject)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

macro_rules! failure_classes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The kinds of failure that are told apart. The text of each is its stable name in the API,
        /// the database and the message files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FailureClass {
            $($(#[$doc])* $variant,)*
        }

        impl FailureClass {
            /// Every class, for tests and documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The class of that stable name.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

failure_classes! {
    /// The registry knows no such image or tag. Subject: the image.
    NoSuchImage = "no_such_image",
    /// The registry could not be reached. Subject: the image.
    RegistryUnreachable = "registry_unreachable",
    /// The registry asks for a login, or for a better one. Subject: the image.
    LoginNeeded = "login_needed",
    /// The registry refuses more pulls for now (rate limit). Subject: the image.
    PullLimit = "pull_limit",
    /// The pull made no progress for the configured time. Subject: the image; detail: seconds.
    PullStalled = "pull_stalled",
    /// The image exists, but not for this machine's processor. Subject: the image.
    WrongPlatform = "wrong_platform",
    /// A disk is full. Subject: where, if known.
    DiskFull = "disk_full",
    /// A port was taken by something else each time that one was chosen. Subject: the port.
    PortTaken = "port_taken",
    /// No port was free in the configured range. Subject: the service.
    NoFreePort = "no_free_port",
    /// No subnet was free in the configured pool. Subject: the pool.
    NoFreeSubnet = "no_free_subnet",
    /// Docker holds something of that name which is not this app's. Subject: its kind and name.
    NameTaken = "name_taken",
    /// A container ran out of memory. Subject: the service.
    OutOfMemory = "out_of_memory",
    /// A container ended by itself. Subject: the service; detail: the exit code.
    ExitCode = "exit_code",
    /// A container was started again and again and ended each time. Subject: the service.
    CrashLoop = "crash_loop",
    /// A container's health check fails. Subject: the service.
    Unhealthy = "unhealthy",
    /// A container was stopped or removed by somebody while it was being installed. Subject: the service.
    Vanished = "vanished",
    /// It did not get ready within the package's patience. Subject: what was waited for; detail: seconds.
    TimeOut = "time_out",
    /// The container engine could not be reached for too long.
    EngineUnreachable = "engine_unreachable",
    /// `docker compose` or the engine failed in a way that has no class of its own. Detail: its words.
    ContainerCommand = "container_command",
    /// The package is broken: it cannot be rendered. Subject: the package.
    BrokenPackage = "broken_package",
    /// While it waited, its package was changed in the catalog or taken out of it, and the server was started again: what
    /// was accepted is not there any more. Subject: the package with its catalog.
    PackageChanged = "package_changed",
    /// Somebody asked for its end (AppCancel). Subject: the step that it was in.
    Cancelled = "cancelled",
    /// The package asks for what is forbidden. Subject: the package; detail: the rules, by their names, with
    /// services and what exactly.
    PolicyRefused = "policy_refused",
    /// A container is not there, and only whoever made it can make it again. Subject: the service; detail: where the
    /// project's compose file lies.
    NotOurs = "not_ours",
    /// The certification authority could not be reached. Subject: its directory; detail: what the connection says.
    CaUnreachable = "ca_unreachable",
    /// The certification authority refused. Subject: the domain; detail: its words.
    CaRefused = "ca_refused",
    /// The certification authority refuses more requests for now (rate limit). Subject: the domain; detail: its words.
    CaLimit = "ca_limit",
    /// The certification authority did not find the answer to its challenge. Subject: the domain; detail: its words.
    ChallengeFailed = "challenge_failed",
    /// The web server in front does not take the configuration of the sites. Detail: its words.
    GatewayRefused = "gateway_refused",
    /// The web server in front could not be told of the sites. Detail: why.
    GatewayUnreachable = "gateway_unreachable",
    /// A catalog could not be fetched. Subject: where it is; detail: the words of git, or of the connection.
    CatalogUnreachable = "catalog_unreachable",
    /// A catalog is larger than may be fetched, or takes longer. Subject: where it is; detail: the limit.
    CatalogTooLarge = "catalog_too_large",
    /// What was fetched is not what the checksum or the signature says. Subject: where it is; detail: which of them.
    CatalogNotGenuine = "catalog_not_genuine",
    /// What was fetched is no catalog of a known format, or has no app that is a package. Subject: where it is; detail:
    /// what was found.
    CatalogFormat = "catalog_format",
    /// What is on the disk of a catalog cannot be read. Subject: its name; detail: why.
    CatalogBroken = "catalog_broken",
    /// Something else, on our side. Detail: what.
    Internal = "internal",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_name() {
        for &class in FailureClass::ALL {
            assert_eq!(FailureClass::from_text(class.as_str()), Some(class));
        }
    }

    #[test]
    fn a_long_detail_is_cut_at_a_character() {
        let failure = Failure::of(FailureClass::Internal, "", "错".repeat(1000));
        assert!(failure.detail.len() <= Failure::LONGEST_DETAIL && failure.detail.ends_with('错'));
    }
}
