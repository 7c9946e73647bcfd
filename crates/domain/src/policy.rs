//! What a package may do on the host: the rules that a compose project is judged by, before it runs.
//!
//! A project comes here as what it *asks* for beyond an ordinary container, read from what `docker compose`
//! itself makes of its files: variables replaced, links and `..` resolved. Pure; who may do what is forbidden
//! (an administrator's exception) is decided by whoever judges.

use std::path::{Path, PathBuf};

/// What a rendered compose project asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderedProject {
    /// The app's own folder, links resolved.
    pub folder: PathBuf,
    /// Names in that folder that are this server's: nobody else may write them.
    pub own_files: &'static [&'static str],
    /// The sockets that command the engine, links resolved.
    pub engine_sockets: Vec<PathBuf>,
    /// Everything asked for that is not a matter of course, in the order of the file.
    pub asks: Vec<Ask>,
}

/// One thing that a project asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The service that asks; empty where it is the project's.
    pub service: String,
    /// For what.
    pub what: Wish,
}

/// What can be asked for. Texts are those of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// All rights over the host.
    Privileged,
    /// A mode for a namespace (`network_mode`, `pid`, `ipc`, `uts`, `userns_mode`, `cgroup`).
    Namespace {
        /// The key.
        key: &'static str,
        /// Its value.
        mode: String,
    },
    /// A path of the host: a bind mount, a volume that is one in disguise, the file of a config or secret.
    HostPath {
        /// As the project names it.
        written: String,
        /// Where it leads; `None` where that cannot be told.
        resolved: Option<PathBuf>,
        /// Whether nothing can be written by this way.
        is_read_only: bool,
    },
    /// A file that is read for the project, outside its containers: what is in it comes into one.
    ReadForIt {
        /// As the project names it.
        written: String,
        /// Where it leads; `None` where that cannot be told.
        resolved: Option<PathBuf>,
    },
    /// A command over the engine that is no mount.
    EngineAccess,
    /// A device, a rule for devices, a graphics card.
    Device(String),
    /// A capability to be added.
    Capability(String),
    /// An option of `security_opt`.
    SecurityOption(String),
    /// A parent control group.
    CgroupParent(String),
    /// Something of a container that may not be the app's.
    OtherContainer(String),
    /// A kernel parameter.
    Sysctl(String),
    /// A volume or network that is not the app's own.
    External(String),
    /// A program that `docker compose` is to run on the host.
    HostProgram(String),
    /// A key or value whose meaning is not known here.
    Unknown(String),
}

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What is forbidden. The text of each is its stable name in the API and in the message files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$doc])* $variant,)*
        }

        impl Rule {
            /// Every rule, for tests and documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

rules! {
    /// All rights over the host.
    Privileged = "privileged",
    /// A namespace of the host's: its network, its processes, its memory, its name, its users.
    HostNamespace = "host_namespace",
    /// The engine's socket, also by a folder that holds it: whoever has it commands the host.
    EngineSocket = "engine_socket",
    /// A path of the host outside the app's own folder.
    OutsidePath = "outside_path",
    /// A path below one that a container can write: it could be turned into a link to anywhere. Of what is read for
    /// the project, that path itself, too: it could grow without end.
    NestedPath = "nested_path",
    /// A device of the host.
    Device = "device",
    /// A capability beyond those that Docker gives to every container.
    Capability = "capability",
    /// A security profile weakened, or one of its own.
    SecurityProfile = "security_profile",
    /// A parent control group: limits of others, or none.
    CgroupParent = "cgroup_parent",
    /// Namespaces, volumes or names of a container that is not the app's.
    OtherContainer = "other_container",
    /// A kernel parameter of the whole host.
    Sysctl = "sysctl",
    /// A volume or network that is not the app's own.
    External = "external",
    /// A program run on the host.
    HostProgram = "host_program",
    /// Something that this server does not know, and so cannot call harmless.
    Unknown = "unknown",
}

/// Something forbidden that a project asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// The rule that forbids it.
    pub rule: Rule,
    /// The service that asks; empty where it is the project's.
    pub service: String,
    /// What exactly: a path, a capability, a key. One short line.
    pub subject: String,
}

/// What follows from the risks of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It asks for nothing that is forbidden.
    Allowed,
    /// It does, and is not installed.
    Refused,
    /// It does, and the administrator allows it by name.
    Excepted,
    /// It has not been judged yet, or cannot be.
    Unknown,
}

impl Verdict {
    /// The stable name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Excepted => "excepted",
            Self::Unknown => "unknown",
        }
    }
}

/// Risks that are told of one project. The first is reason enough.
const RISKS_MAX: usize = 50;

/// Characters of a subject: a path of a usual length.
const LONGEST_SUBJECT: usize = 200;

/// What Docker gives to every container: a risk is only what goes beyond. `NET_RAW` and `MKNOD` are among
/// them, whatever one may think of it.
const DEFAULT_CAPABILITIES: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Kernel parameters that every container has of its own, as beginnings or whole names.
const NAMESPACED_SYSCTLS: [&str; 4] = ["net.", "kernel.msg", "kernel.shm", "fs.mqueue."];
const NAMESPACED_SYSCTL: &str = "kernel.sem";

/// Everything forbidden that the project asks for, each once, in the order of the file.
#[must_use]
pub fn risks(project: &RenderedProject) -> Vec<Risk> {
    let mut found: Vec<Risk> = Vec::new();
    for ask in &project.asks {
        let Some((rule, subject)) = forbidden(project, &ask.what) else { continue };
        let risk = Risk { rule, service: ask.service.clone(), subject: one_line(&subject) };
        if found.len() < RISKS_MAX && !found.contains(&risk) {
            found.push(risk);
        }
    }
    found
}

/// The rule that forbids it, and what exactly it forbids.
fn forbidden(project: &RenderedProject, wish: &Wish) -> Option<(Rule, String)> {
    let known = |rule, subject: &str| Some((rule, subject.to_owned()));
    match wish {
        Wish::Privileged => known(Rule::Privileged, "privileged"),
        Wish::Namespace { key, mode } => Some((of_namespace(key, mode)?, format!("{key}: {mode}"))),
        Wish::HostPath { written, resolved, .. } => {
            let is_below = |path: &Path, other: &Path| other != path && path.starts_with(other);
            known(of_path(project, resolved.as_deref(), is_below)?, written)
        }
        Wish::ReadForIt { written, resolved } => {
            let is_at_or_below = |path: &Path, other: &Path| path.starts_with(other);
            known(of_path(project, resolved.as_deref(), is_at_or_below)?, written)
        }
        Wish::EngineAccess => known(Rule::EngineSocket, "use_api_socket"),
        Wish::Device(device) => known(Rule::Device, device),
        Wish::Capability(name) => (!is_default_capability(name)).then(|| (Rule::Capability, name.clone())),
        Wish::SecurityOption(option) => {
            (!is_harmless_security_option(option)).then(|| (Rule::SecurityProfile, option.clone()))
        }
        Wish::CgroupParent(parent) => known(Rule::CgroupParent, parent),
        Wish::OtherContainer(which) => known(Rule::OtherContainer, which),
        Wish::Sysctl(name) => (!is_namespaced(name)).then(|| (Rule::Sysctl, name.clone())),
        Wish::External(name) => known(Rule::External, name),
        Wish::HostProgram(name) => known(Rule::HostProgram, name),
        Wish::Unknown(what) => known(Rule::Unknown, what),
    }
}

/// Fail closed: a mode is harmless only where it is known to be.
fn of_namespace(key: &str, mode: &str) -> Option<Rule> {
    if mode.starts_with("container:") {
        return Some(Rule::OtherContainer);
    }
    let is_own = mode.is_empty() || mode.starts_with("service:");
    match (key, mode) {
        _ if is_own => None,
        ("network_mode", "none") | ("ipc", "none" | "private" | "shareable") | ("cgroup", "private") => None,
        (_, "host") => Some(Rule::HostNamespace),
        // `bridge`, or the name of a network: others are on it.
        ("network_mode", _) => Some(Rule::External),
        _ => Some(Rule::HostNamespace),
    }
}

/// `is_open` tells of a path whether a container that can write another one can make something else of it.
fn of_path(
    project: &RenderedProject,
    resolved: Option<&Path>,
    is_open: impl Fn(&Path, &Path) -> bool,
) -> Option<Rule> {
    let Some(path) = resolved else { return Some(Rule::OutsidePath) };
    if project.engine_sockets.iter().any(|socket| socket.starts_with(path)) {
        return Some(Rule::EngineSocket);
    }
    let Some(inside) = path.strip_prefix(&project.folder).ok().filter(|inside| *inside != Path::new(""))
    else {
        return Some(Rule::OutsidePath);
    };
    let is_own_file = inside.iter().next().is_some_and(|first| {
        project.own_files.iter().any(|own| first == *own || first.to_str() == Some(&format!("{own}.new")))
    });
    if is_own_file {
        return Some(Rule::OutsidePath);
    }
    let holds = |other: &Wish| match other {
        Wish::HostPath { resolved: Some(other), is_read_only: false, .. } => is_open(path, other),
        _ => false,
    };
    project.asks.iter().any(|ask| holds(&ask.what)).then_some(Rule::NestedPath)
}

fn is_default_capability(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    DEFAULT_CAPABILITIES.contains(&name.strip_prefix("CAP_").unwrap_or(&name))
}

/// Only what makes a container weaker than usual, or as usual.
fn is_harmless_security_option(option: &str) -> bool {
    matches!(
        option.split_once([':', '=']).unwrap_or((option, "true")),
        ("no-new-privileges", "true" | "false")
    )
}

fn is_namespaced(name: &str) -> bool {
    // The kernel takes `/` for `.` too.
    let name = name.replace('/', ".");
    name == NAMESPACED_SYSCTL || NAMESPACED_SYSCTLS.iter().any(|beginning| name.starts_with(beginning))
}

fn one_line(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_SUBJECT).collect();
    if text.chars().count() > LONGEST_SUBJECT {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(wishes: &[Wish]) -> RenderedProject {
        RenderedProject {
            folder: "/data/apps/blog".into(),
            own_files: &["compose.yaml", ".env"],
            engine_sockets: vec!["/run/docker.sock".into(), "/srv/engine/docker.sock".into()],
            asks: wishes.iter().map(|what| Ask { service: "web".into(), what: what.clone() }).collect(),
        }
    }

    fn rule(wish: Wish) -> Option<Rule> {
        risks(&project(&[wish])).first().map(|risk| risk.rule)
    }

    fn path(path: &str) -> Wish {
        Wish::HostPath { written: path.to_owned(), resolved: Some(path.into()), is_read_only: false }
    }

    fn read_only(path: &str) -> Wish {
        Wish::HostPath { written: path.to_owned(), resolved: Some(path.into()), is_read_only: true }
    }

    fn read_for_it(path: &str) -> Wish {
        Wish::ReadForIt { written: path.to_owned(), resolved: Some(path.into()) }
    }

    #[test]
    fn paths_are_judged_by_where_they_lead() {
        for (leads_to, expected) in [
            ("/data/apps/blog/files", None),
            ("/data/apps/blog/files/compose.yaml", None),
            ("/data/apps/blog", Some(Rule::OutsidePath)),
            ("/data/apps/blog/.env", Some(Rule::OutsidePath)),
            ("/data/apps/blog/.env.new", Some(Rule::OutsidePath)),
            ("/data/apps/blog/compose.yaml", Some(Rule::OutsidePath)),
            ("/data/apps/blog2", Some(Rule::OutsidePath)),
            ("/data/apps", Some(Rule::OutsidePath)),
            ("/etc", Some(Rule::OutsidePath)),
            ("/run/docker.sock.d", Some(Rule::OutsidePath)),
            ("/run/docker.sock", Some(Rule::EngineSocket)),
            ("/run", Some(Rule::EngineSocket)),
            ("/srv/engine", Some(Rule::EngineSocket)),
            ("/", Some(Rule::EngineSocket)),
        ] {
            assert_eq!(rule(path(leads_to)), expected, "{leads_to}");
        }
        let untold = Wish::HostPath { written: "./data".into(), resolved: None, is_read_only: true };
        assert_eq!(rule(untold), Some(Rule::OutsidePath));
    }

    #[test]
    fn a_path_below_another_is_forbidden_and_one_that_two_services_share_is_not() {
        let nested = project(&[path("/data/apps/blog/a/b"), path("/data/apps/blog/a")]);
        assert_eq!(risks(&nested).iter().map(|risk| risk.rule).collect::<Vec<_>>(), [Rule::NestedPath]);
        assert_eq!(risks(&project(&[path("/data/apps/blog/a"), path("/data/apps/blog/a")])), []);
        assert_eq!(risks(&project(&[path("/data/apps/blog/a/b"), read_only("/data/apps/blog/a")])), []);
    }

    #[test]
    fn what_is_read_for_a_project_is_no_file_that_a_container_can_make_a_link_of_or_write() {
        let file = "/data/apps/blog/files/e/x.env";
        let forbidden = |mounts: &[Wish]| {
            let wishes: Vec<Wish> = [read_for_it(file)].iter().chain(mounts).cloned().collect();
            risks(&project(&wishes)).into_iter().map(|risk| (risk.rule, risk.subject)).collect::<Vec<_>>()
        };
        let nested = vec![(Rule::NestedPath, file.to_owned())];
        assert_eq!(forbidden(&[path("/data/apps/blog/files")]), nested);
        assert_eq!(forbidden(&[path("/data/apps/blog/files/e")]), nested);
        assert_eq!(forbidden(&[path(file)]), nested);
        assert_eq!(
            forbidden(&[read_only("/data/apps/blog/files/e"), path("/data/apps/blog/files/e")]),
            nested
        );
        for harmless in [
            read_only("/data/apps/blog/files/e"),
            read_only(file),
            path("/data/apps/blog/files/f"),
            path("/data/apps/blog/files/e/x"),
        ] {
            assert_eq!(forbidden(std::slice::from_ref(&harmless)), [], "{harmless:?}");
        }
        assert_eq!(rule(read_for_it("/data/apps/victim/.env")), Some(Rule::OutsidePath));
        assert_eq!(rule(read_for_it("/data/apps/blog/compose.yaml")), Some(Rule::OutsidePath));
    }

    #[test]
    fn what_is_not_known_to_be_harmless_is_forbidden() {
        let namespace = |key, mode: &str| rule(Wish::Namespace { key, mode: mode.into() });
        for (key, mode, expected) in [
            ("network_mode", "none", None),
            ("network_mode", "service:db", None),
            ("network_mode", "HOST", Some(Rule::External)),
            ("network_mode", "bridge", Some(Rule::External)),
            ("network_mode", "host", Some(Rule::HostNamespace)),
            ("network_mode", "container:x", Some(Rule::OtherContainer)),
            ("ipc", "private", None),
            ("pid", "private", Some(Rule::HostNamespace)),
            ("cgroup", "private", None),
            ("userns_mode", "keep-id", Some(Rule::HostNamespace)),
        ] {
            assert_eq!(namespace(key, mode), expected, "{key}: {mode}");
        }
        for (capability, is_forbidden) in [
            ("CHOWN", false),
            ("cap_kill", false),
            ("ALL", true),
            ("SYS_ADMIN", true),
            ("CAP_CAP_KILL", true),
        ] {
            assert_eq!(rule(Wish::Capability(capability.into())).is_some(), is_forbidden, "{capability}");
        }
        for (option, is_forbidden) in [
            ("no-new-privileges", false),
            ("no-new-privileges=false", false),
            ("seccomp=/profile.json", true),
            ("label=disable", true),
            ("anything", true),
        ] {
            assert_eq!(rule(Wish::SecurityOption(option.into())).is_some(), is_forbidden, "{option}");
        }
        for (sysctl, is_forbidden) in [
            ("net.ipv4.ip_forward", false),
            ("kernel/sem", false),
            ("kernel.semx", true),
            ("vm.swappiness", true),
        ] {
            assert_eq!(rule(Wish::Sysctl(sysctl.into())).is_some(), is_forbidden, "{sysctl}");
        }
    }

    #[test]
    fn risks_are_told_once_each_bounded_in_number_and_length() {
        assert_eq!(risks(&project(&[Wish::Privileged, Wish::Privileged])).len(), 1);
        let many: Vec<Wish> = (0..200).map(|n| Wish::Device(format!("{n}\n{}", "x".repeat(999)))).collect();
        let found = risks(&project(&many));
        assert_eq!(found.len(), RISKS_MAX);
        assert!(found.iter().all(|risk| risk.subject.chars().count() <= LONGEST_SUBJECT + 1));
        assert!(found.iter().all(|risk| !risk.subject.contains('\n')));
    }
}
