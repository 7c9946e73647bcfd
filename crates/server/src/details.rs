//! What was found, for the end of an error's message: `…(memory: needs 4 GB, 1.2 GB free)`.

use std::time::{Duration, UNIX_EPOCH};

use control::ports::EngineError;
use control::{AccessError, DomainHolder, Error, NameHolder, Resource, Shortage};
use domain::settings::{Expected, LONGEST_VALUE, SHORTEST_SECRET};
use domain::{DomainNameError, Risk, SettingError, SourceError, Timestamp};

use crate::context::Context;
use crate::error::{Malformed, Refusal};
use crate::language::Language;
use crate::limits::{
    BODY_BYTES_MAX, OPTIONS_LISTED_MAX, PARAMETER_BYTES_MAX, PARAMETERS_MAX, STREAMS_MAX, VERSIONS_LISTED_MAX,
};
use crate::messages::{self, text};

/// What was found; empty where the code says it all.
pub(crate) fn of(refusal: &Refusal, context: &Context) -> String {
    let language = context.language;
    match refusal {
        // A stranger is not told that there is something.
        Refusal::Blank(_) | Refusal::Format(_) | Refusal::NoSuchInterface | Refusal::Stranger(_) => {
            String::new()
        }
        Refusal::ReadOnly => text(language, "detail-read-only", &[]),
        Refusal::Forbidden => text(language, "detail-forbidden", &[]),
        Refusal::VersionNotServed => text(language, "detail-version-served", &[]),
        Refusal::Malformed(malformed) => of_malformed(*malformed, language),
        Refusal::ForeignHost(host) => text(language, "detail-foreign-host", &[("host", host)]),
        Refusal::ForeignOrigin => text(language, "detail-foreign-origin", &[]),
        Refusal::TooManyStreams => {
            text(language, "detail-too-many-streams", &[("limit", &STREAMS_MAX.to_string())])
        }
        Refusal::Control(error) => of_control(error, context),
        Refusal::Internal(_) => of_internal(context),
    }
}

/// A point in time as clients read it: RFC 3339 in UTC. What lies outside of its years, as a broken clock
/// may tell, is drawn to the nearer end.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    const END_OF_YEAR_9999_MS: i64 = 253_402_300_799_000;
    let millis = time.as_millis().clamp(0, END_OF_YEAR_9999_MS);
    let since_epoch = Duration::from_millis(u64::try_from(millis).expect("it is not below 0"));
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since_epoch).to_string()
}

fn of_malformed(malformed: Malformed, language: Language) -> String {
    let [limit, parameters, length] =
        [BODY_BYTES_MAX, PARAMETERS_MAX, PARAMETER_BYTES_MAX].map(|limit| limit.to_string());
    let (id, variables): (_, &[(&str, &str)]) = match malformed {
        Malformed::BodyTooLarge => ("detail-body-too-large", &[("limit", &limit)]),
        Malformed::BodyBroken => ("detail-body-broken", &[]),
        Malformed::ContentType => ("detail-body-content-type", &[]),
        Malformed::NotUtf8 => ("detail-not-utf8", &[]),
        Malformed::PercentEncoding => ("detail-percent-encoding", &[]),
        Malformed::NotJsonObject => ("detail-not-json-object", &[]),
        Malformed::TooManyParameters => ("detail-too-many-parameters", &[("limit", &parameters)]),
        Malformed::ParameterTooLong(name) => {
            ("detail-parameter-too-long", &[("name", name), ("limit", &length)])
        }
        Malformed::GivenTwice(name) => ("detail-given-twice", &[("name", name)]),
        Malformed::NotText(name) => ("detail-not-text", &[("name", name)]),
    };
    text(language, id, variables)
}

fn of_control(error: &Error, context: &Context) -> String {
    let language = context.language;
    match error {
        Error::VersionUnknown { offered, .. } => {
            let listed = offered.iter().take(VERSIONS_LISTED_MAX).map(String::as_str).collect::<Vec<_>>();
            text(language, "detail-versions-offered", &[("versions", &listed.join(", "))])
        }
        Error::Setting(error) => of_setting(error, language),
        Error::PolicyRefused { package, risks } => {
            let told: Vec<String> = risks.iter().map(|risk| of_risk(risk, language)).collect();
            let risks = told.join("; ");
            text(language, "detail-policy", &[("package", package), ("risks", &risks)])
        }
        Error::NameTaken(holder) => of_holder(holder, language),
        Error::EngineAway { since, endpoint, reason, .. } => {
            let variables = [("since", &*rfc3339(*since)), ("endpoint", endpoint), ("reason", reason)];
            text(language, "detail-engine-away", &variables)
        }
        Error::NotEnough(shortages) => {
            shortages.iter().map(|shortage| of_shortage(shortage, language)).collect::<Vec<_>>().join("; ")
        }
        Error::Access(error) => of_access(*error, language),
        Error::NoSuchService { offered, .. } => {
            text(language, "detail-services-offered", &[("services", &offered.join(", "))])
        }
        Error::Engine(EngineError::Unreachable { endpoint, reason }) => {
            text(language, "detail-engine-unreachable", &[("endpoint", endpoint), ("reason", reason)])
        }
        Error::Engine(EngineError::Refused { reason, .. }) => reason.clone(),
        Error::Store(_) => text(language, "detail-database", &[("id", &context.request_id)]),
        Error::Host(_) | Error::PackageUnreadable { .. } => of_internal(context),
        Error::Busy { open } => text(language, "detail-busy", &[("kind", open.as_str())]),
        Error::DomainFormat { reason, .. } => text(language, of_domain_name(*reason), &[]),
        Error::NoGateway => text(language, "detail-no-gateway", &[]),
        Error::DomainTaken { holder, .. } => of_domain_holder(holder, language),
        Error::TooManyDomains { limit } => {
            text(language, "detail-too-many-domains", &[("limit", &limit.to_string())])
        }
        Error::DomainNotResolved { found, public_host, reason, .. } => {
            let found = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let variables = [("found", &*found), ("host", public_host), ("reason", reason)];
            let id = if found.is_empty() { "detail-resolves-nowhere" } else { "detail-resolves-elsewhere" };
            text(language, id, &variables)
        }
        Error::NotManaged { .. } => text(language, "detail-not-managed", &[]),
        Error::CatalogNameFormat { .. } => text(language, "detail-catalog-name", &[]),
        Error::Source(error) => text(language, of_source(*error), &[]),
        Error::TooManyCatalogs { limit } => {
            text(language, "detail-too-many-catalogs", &[("limit", &limit.to_string())])
        }
        Error::AppUnknown { .. }
        | Error::CustomerAppNameFormat { .. }
        | Error::InstallOpen
        | Error::AppIdFormat { .. }
        | Error::NoSuchApp { .. }
        | Error::Managed { .. }
        | Error::NoOperation { .. }
        | Error::NotInTrash { .. }
        | Error::NothingToCancel { .. }
        | Error::TooLateToCancel { .. }
        | Error::NoSuchOperation { .. }
        | Error::NotWeb { .. }
        | Error::CatalogTaken { .. }
        | Error::NoSuchCatalog { .. }
        | Error::NoSuchDomain { .. } => String::new(),
    }
}

/// What went wrong is the log's business; the id of the call finds it there.
fn of_internal(context: &Context) -> String {
    text(context.language, "detail-request", &[("id", &context.request_id)])
}

fn of_setting(error: &SettingError, language: Language) -> String {
    let (id, name) = match error {
        SettingError::NoObject => return String::new(),
        SettingError::Unknown { name } => ("detail-setting-unknown", name),
        SettingError::Value { name, expected } => {
            let id = match expected {
                Expected::Secret => "detail-setting-secret",
                Expected::Text => "detail-setting-text",
                Expected::Number => "detail-setting-number",
                Expected::Boolean => "detail-setting-boolean",
                Expected::Choice(options) => {
                    let options = options.iter().take(OPTIONS_LISTED_MAX).map(String::as_str);
                    let options = options.collect::<Vec<_>>().join(", ");
                    let variables = [("name", name.as_str()), ("options", &options)];
                    return text(language, "detail-setting-choice", &variables);
                }
            };
            (id, name)
        }
        SettingError::Missing { names } => {
            return text(language, "detail-setting-missing", &[("names", &names.join(", "))]);
        }
    };
    let (shortest, longest) = (SHORTEST_SECRET.to_string(), LONGEST_VALUE.to_string());
    text(language, id, &[("name", name), ("shortest", &shortest), ("longest", &longest)])
}

fn of_access(error: AccessError, language: Language) -> String {
    match error {
        AccessError::TooMany => text(language, "detail-accounts-too-many", &[]),
        AccessError::NameFormat
        | AccessError::PasswordFormat
        | AccessError::UserRepeat
        | AccessError::UserNotExis
        | AccessError::KeyRepeat
        | AccessError::KeyNotExis => String::new(),
    }
}

const fn of_domain_name(reason: DomainNameError) -> &'static str {
    match reason {
        DomainNameError::Wildcard => "detail-domain-wildcard",
        DomainNameError::Address => "detail-domain-address",
        DomainNameError::International => "detail-domain-international",
        DomainNameError::OneLabel => "detail-domain-one-label",
        DomainNameError::Malformed => "detail-domain-malformed",
        DomainNameError::TooLong => "detail-domain-too-long",
    }
}

const fn of_source(error: SourceError) -> &'static str {
    match error {
        SourceError::Kind => "detail-source-kind",
        SourceError::Credentials => "detail-source-credentials",
        SourceError::Unverified => "detail-source-unverified",
        SourceError::Branch => "detail-source-branch",
        SourceError::Sha256 => "detail-source-sha256",
        SourceError::Key => "detail-source-key",
    }
}

fn of_domain_holder(holder: &DomainHolder, language: Language) -> String {
    match holder {
        DomainHolder::App(id) => text(language, "detail-domain-of-app", &[("app", id.as_str())]),
        DomainHolder::Trash(id) => text(language, "detail-domain-of-trash", &[("app", id.as_str())]),
        DomainHolder::Server => text(language, "detail-domain-of-server", &[]),
    }
}

fn of_risk(risk: &Risk, language: Language) -> String {
    let told = messages::of_risk(language, risk);
    if risk.service.is_empty() { told } else { format!("{}: {told}", risk.service) }
}

fn of_holder(holder: &NameHolder, language: Language) -> String {
    let (id, name) = match holder {
        NameHolder::App => return String::new(),
        NameHolder::Trash => return text(language, "detail-taken-trash", &[]),
        NameHolder::Container(name) => ("detail-taken-container", name),
        NameHolder::Network(name) => ("detail-taken-network", name),
        NameHolder::Volume(name) => ("detail-taken-volume", name),
    };
    text(language, id, &[("name", name)])
}

fn of_shortage(shortage: &Shortage, language: Language) -> String {
    let id = match shortage.resource {
        Resource::Cpu => "detail-shortage-cpu",
        Resource::Memory => "detail-shortage-memory",
        Resource::Disk => "detail-shortage-disk",
        Resource::Subnets => "detail-shortage-subnets",
        Resource::Ports => "detail-shortage-ports",
        Resource::Queue => "detail-shortage-queue",
        Resource::Apps => "detail-shortage-apps",
    };
    let (needed, available) = match shortage.resource {
        Resource::Memory | Resource::Disk => (bytes_up(shortage.needed), bytes_down(shortage.available)),
        Resource::Cpu | Resource::Subnets | Resource::Ports | Resource::Queue | Resource::Apps => {
            (shortage.needed.to_string(), shortage.available.to_string())
        }
    };
    text(language, id, &[("needed", &needed), ("available", &available)])
}

/// Bytes as people read them, rounded up: never less than what is needed.
fn bytes_up(bytes: u64) -> String {
    readable(bytes, u64::div_ceil)
}

/// Bytes as people read them, rounded down: never more than what there is.
fn bytes_down(bytes: u64) -> String {
    readable(bytes, |bytes, unit| bytes / unit)
}

fn readable(bytes: u64, tenths: impl Fn(u64, u64) -> u64) -> String {
    const MEGABYTE: u64 = 1 << 20;
    const GIGABYTE: u64 = 1 << 30;
    if bytes < GIGABYTE {
        return format!("{} MB", tenths(bytes, MEGABYTE));
    }
    let tenths = tenths(bytes.saturating_mul(10), GIGABYTE);
    match tenths % 10 {
        0 => format!("{} GB", tenths / 10),
        tenth => format!("{}.{tenth} GB", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Nothing;

    fn found(refusal: &Refusal, language: Language) -> String {
        of(refusal, &Context { language, request_id: "7f".into(), nothing: Nothing::Object })
    }

    #[test]
    fn a_shortage_says_what_is_needed_and_what_there_is() {
        let shortage = |resource, needed, available| Shortage { resource, needed, available };
        let refusal = Refusal::Control(Error::NotEnough(vec![
            shortage(Resource::Memory, 4 << 30, (12 << 30) / 10),
            shortage(Resource::Cpu, 4, 2),
        ]));
        let chinese = "内存: 需要 4 GB, 可用 1.1 GB; CPU: 需要 4 核, 共有 2 核";
        assert_eq!(found(&refusal, Language::Chinese), chinese);
        let english = "memory: needs 4 GB, 1.1 GB free; cpu: needs 4 cores, there are 2";
        assert_eq!(found(&refusal, Language::English), english);
    }

    #[test]
    fn amounts_are_rounded_so_that_the_refusal_stays_plausible() {
        assert_eq!((bytes_up((4 << 30) + 1), bytes_down((4 << 30) - 1)), ("4.1 GB".into(), "3.9 GB".into()));
        assert_eq!((bytes_up(1), bytes_down((1 << 20) - 1)), ("1 MB".into(), "0 MB".into()));
        assert_eq!(bytes_down(u64::MAX), "1717986918.3 GB");
    }

    #[test]
    fn an_engine_that_is_away_is_told_with_since_when_and_what_to_check() {
        let refusal = Refusal::Control(Error::EngineAway {
            since: Timestamp::from_millis(1_800_000_000_500),
            away_seconds: 12,
            endpoint: "unix:///var/run/docker.sock".into(),
            reason: "connection refused".into(),
        });
        let english = found(&refusal, Language::English);
        for part in ["since 2027-01-15T08:00:00Z", ": connection refused", "systemctl status docker"] {
            assert!(english.contains(part), "{english}");
        }
        assert!(found(&refusal, Language::Chinese).starts_with("自 2027-01-15T08:00:00Z 起"));
    }

    #[test]
    fn a_time_of_a_broken_clock_is_still_a_time() {
        assert_eq!(rfc3339(Timestamp::from_millis(-1)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Timestamp::from_millis(i64::MAX)), "9999-12-31T23:59:59Z");
    }

    /// What is said of domains.
    fn of_domains() -> Vec<Refusal> {
        let long = format!("{}x", "x.".repeat(120));
        let reasons = ["*.x.y", "1.2.3.4", "é.fr", "x", "_.x", &long].map(|text| {
            let reason = domain::DomainName::parse_of_app(text).expect_err("it is none");
            Refusal::Control(Error::DomainFormat { domain: text.into(), reason })
        });
        let (app, name) = (domain::AppId::parse("x").expect("an id"), domain::DomainName::parse("x.y"));
        let name = name.expect("a name");
        let holders = [DomainHolder::App(app.clone()), DomainHolder::Trash(app), DomainHolder::Server];
        let holders =
            holders.map(|holder| Refusal::Control(Error::DomainTaken { domain: name.clone(), holder }));
        let elsewhere = [vec![], vec![std::net::IpAddr::from([192, 0, 2, 1])]].map(|found| {
            let (domain, public_host) = (name.clone(), "x".into());
            Refusal::Control(Error::DomainNotResolved { domain, found, public_host, reason: "x".into() })
        });
        reasons.into_iter().chain(holders).chain(elsewhere).collect()
    }

    #[test]
    fn every_detail_has_a_text_in_both_languages() {
        let refusals = [
            Refusal::VersionNotServed,
            Refusal::ForeignHost("x".into()),
            Refusal::ForeignOrigin,
            Refusal::TooManyStreams,
            Refusal::ReadOnly,
            Refusal::Forbidden,
            Error::Access(AccessError::TooMany).into(),
            Refusal::Internal("x".into()),
            Malformed::BodyTooLarge.into(),
            Malformed::BodyBroken.into(),
            Malformed::TooManyParameters.into(),
            Malformed::ParameterTooLong("x").into(),
            Malformed::ContentType.into(),
            Malformed::NotUtf8.into(),
            Malformed::PercentEncoding.into(),
            Malformed::NotJsonObject.into(),
            Malformed::GivenTwice("x").into(),
            Malformed::NotText("x").into(),
            Error::NameTaken(NameHolder::Trash).into(),
            Error::Busy { open: domain::OperationKind::Stop }.into(),
            Error::NameTaken(NameHolder::Container("x".into())).into(),
            Error::NameTaken(NameHolder::Network("x".into())).into(),
            Error::NameTaken(NameHolder::Volume("x".into())).into(),
            Error::VersionUnknown { app: "x".into(), version: "y".into(), offered: vec!["1".into()] }.into(),
            Error::Setting(SettingError::Unknown { name: "X".into() }).into(),
            Error::PolicyRefused { package: "x".into(), risks: Vec::new() }.into(),
            Error::NoGateway.into(),
            Error::TooManyDomains { limit: 1 }.into(),
            Error::CatalogNameFormat { name: "x".into() }.into(),
            Error::TooManyCatalogs { limit: 1 }.into(),
        ];
        let sources = [
            SourceError::Kind,
            SourceError::Credentials,
            SourceError::Unverified,
            SourceError::Branch,
            SourceError::Sha256,
            SourceError::Key,
        ]
        .map(|error| Refusal::Control(Error::Source(error)));
        let kinds = [Expected::Secret, Expected::Text, Expected::Number, Expected::Boolean];
        let settings = kinds.map(|expected| {
            Refusal::Control(Error::Setting(SettingError::Value { name: "X".into(), expected }))
        });
        let resources = [
            Resource::Cpu,
            Resource::Memory,
            Resource::Disk,
            Resource::Subnets,
            Resource::Ports,
            Resource::Queue,
            Resource::Apps,
        ];
        let shortages = resources.map(|resource| {
            Refusal::Control(Error::NotEnough(vec![Shortage { resource, needed: 2, available: 1 }]))
        });
        let domains = of_domains();
        for refusal in refusals.iter().chain(&sources).chain(&domains).chain(&shortages).chain(&settings) {
            let [chinese, english] = Language::ALL.map(|language| found(refusal, language));
            assert!(!english.is_empty() && !english.contains(['$', '{']), "{refusal:?}: {english}");
            assert!(!english.starts_with("detail-") && !chinese.starts_with("detail-"), "{refusal:?}");
            assert!(!chinese.is_ascii() && english.is_ascii(), "{refusal:?}: {chinese} / {english}");
        }
    }
}
