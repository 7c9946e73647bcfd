//! Every forbidden thing is seen by what compose makes of a project, by whatever way it is asked for.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use std::sync::Arc;

use control::ports::projects::VariableValue;
use control::ports::{Project, Projects as _};
use docker::{Compose, ComposeProjects, Environment};
use domain::package::{PackageFile, Service};
use domain::policy::risks;
use domain::{InstallId, InstanceId, Package, ProjectName, Risk, Rule};
use testkit::packages;

use crate::project;

/// Lines of a service, each with what it comes to. `<…>` is where a variable may stand in.
const OF_A_SERVICE: &[(&str, Rule)] = &[
    ("privileged: <true>", Rule::Privileged),
    ("post_start: [{ command: [x], privileged: <true> }]", Rule::Privileged),
    ("network_mode: <host>", Rule::HostNamespace),
    ("pid: <host>", Rule::HostNamespace),
    ("ipc: <host>", Rule::HostNamespace),
    ("uts: <host>", Rule::HostNamespace),
    ("userns_mode: <host>", Rule::HostNamespace),
    ("cgroup: <host>", Rule::HostNamespace),
    ("network_mode: <'container:other'>", Rule::OtherContainer),
    ("pid: <'container:other'>", Rule::OtherContainer),
    ("ipc: <'container:other'>", Rule::OtherContainer),
    ("network_mode: <bridge>", Rule::External),
    ("volumes_from: [<'container:other:ro'>]", Rule::OtherContainer),
    ("external_links: [<'other:db'>]", Rule::OtherContainer),
    ("volumes: ['</var/run/docker.sock>:/s']", Rule::EngineSocket),
    ("volumes: ['</run>:/s:ro']", Rule::EngineSocket),
    ("volumes: ['</var/run/>:/s']", Rule::EngineSocket),
    ("volumes: ['</var/lib/../run>:/s']", Rule::EngineSocket),
    ("volumes: ['</>:/host:ro']", Rule::EngineSocket),
    ("volumes: [{ type: bind, source: </var/run/docker.sock>, target: /s }]", Rule::EngineSocket),
    ("use_api_socket: true", Rule::EngineSocket),
    ("volumes: ['</etc>:/x']", Rule::OutsidePath),
    ("volumes: ['<../other>:/x']", Rule::OutsidePath),
    ("volumes: ['<./a/../../other>:/x']", Rule::OutsidePath),
    ("volumes: ['<~/x>:/x']", Rule::OutsidePath),
    ("volumes: ['<.>:/x']", Rule::OutsidePath),
    ("volumes: ['<./.env>:/x']", Rule::OutsidePath),
    ("volumes: ['<./compose.yaml>:/x']", Rule::OutsidePath),
    ("volumes: [{ type: bind, source: </etc>, target: /x }]", Rule::OutsidePath),
    ("volumes: [{ type: bind, source: <../other>, target: /x }]", Rule::OutsidePath),
    ("volumes: ['./a:/a', '<./a/b>:/b']", Rule::NestedPath),
    ("volumes: ['./a:/a:ro', './a/b:/b', '<./a/b/c>:/c:ro']", Rule::NestedPath),
    ("volumes: [{ type: bind, source: ./a, target: /x, bind: { propagation: <rshared> } }]", Rule::Unknown),
    ("devices: ['</dev/kvm>']", Rule::Device),
    ("devices: ['</dev/sda>:/dev/x:r']", Rule::Device),
    ("devices: [{ source: </dev/kvm>, target: /dev/kvm, permissions: r }]", Rule::Device),
    ("device_cgroup_rules: [<'b 8:* rwm'>]", Rule::Device),
    ("gpus: <all>", Rule::Device),
    (
        "deploy: { resources: { reservations: { devices: [{ capabilities: [<gpu>], count: 1 }] } } }",
        Rule::Device,
    ),
    ("cap_add: [<SYS_ADMIN>]", Rule::Capability),
    ("cap_add: [<ALL>]", Rule::Capability),
    ("cap_add: [<cap_net_admin>]", Rule::Capability),
    ("security_opt: [<'seccomp:unconfined'>]", Rule::SecurityProfile),
    ("security_opt: [<'seccomp=unconfined'>]", Rule::SecurityProfile),
    ("security_opt: [<'apparmor=unconfined'>]", Rule::SecurityProfile),
    ("security_opt: [<'label:disable'>]", Rule::SecurityProfile),
    ("security_opt: [<'systempaths=unconfined'>]", Rule::SecurityProfile),
    ("cgroup_parent: </system.slice>", Rule::CgroupParent),
    ("sysctls: { kernel.core_pattern: <'|/x'> }", Rule::Sysctl),
    ("sysctls: ['<vm.overcommit_memory>=1']", Rule::Sysctl),
    ("sysctls: ['<kernel/core_pattern>=x']", Rule::Sysctl),
    ("provider: { type: <program> }", Rule::HostProgram),
    ("runtime: <other>", Rule::Unknown),
    ("annotations: { run.oci.x: <y> }", Rule::Unknown),
    ("logging: { driver: <syslog> }", Rule::Unknown),
];

/// What is asked for by the project: the service's lines, and those of the file.
const OF_THE_PROJECT: &[(&str, &str, Rule)] = &[
    (
        "volumes: ['data:/x']",
        "volumes: { data: { driver_opts: { type: none, o: bind, device: </etc> } } }",
        Rule::OutsidePath,
    ),
    (
        "volumes: ['data:/x']",
        "volumes: { data: { driver_opts: { type: tmpfs, o: 'ro,rbind', device: </var/run> } } }",
        Rule::EngineSocket,
    ),
    (
        "volumes: [{ type: volume, source: data, target: /x }]",
        "volumes: { data: { driver: local, driver_opts: { type: <ext4>, device: /dev/sda1 } } }",
        Rule::Unknown,
    ),
    ("volumes: ['data:/x']", "volumes: { data: { driver: <other> } }", Rule::Unknown),
    ("volumes: ['data:/x']", "volumes: { data: { external: <true> } }", Rule::External),
    ("volumes: ['data:/x']", "volumes: { data: { name: <other_data> } }", Rule::External),
    ("networks: [net]", "networks: { net: { external: <true> } }", Rule::External),
    ("networks: [net]", "networks: { net: { name: <other_default> } }", Rule::External),
    ("networks: [net]", "networks: { net: { driver: <macvlan> } }", Rule::Unknown),
    (
        "networks: [net]",
        "networks: { net: { driver_opts: { com.docker.network.bridge.name: <br0> } } }",
        Rule::Unknown,
    ),
    ("configs: [c]", "configs: { c: { file: </etc/shadow> } }", Rule::OutsidePath),
    ("configs: [c]", "configs: { c: { file: <../../x> } }", Rule::OutsidePath),
    ("secrets: [{ source: s, target: /x }]", "secrets: { s: { file: </etc/shadow> } }", Rule::OutsidePath),
];

/// What every container may do.
const HARMLESS: &[(&str, &str)] = &[
    ("network_mode: none", ""),
    ("ipc: shareable", ""),
    ("ipc: private", ""),
    ("pid: 'service:helper'", ""),
    ("network_mode: 'service:helper'", ""),
    ("volumes_from: [helper]", ""),
    ("privileged: false", ""),
    ("cap_add: [CHOWN, cap_net_bind_service]", ""),
    ("cap_drop: [ALL]", ""),
    ("security_opt: ['no-new-privileges:true']", ""),
    ("sysctls: { net.core.somaxconn: 1024, kernel.shmmax: 1, fs.mqueue.msg_max: 5 }", ""),
    ("volumes: ['./data:/x', './data2:/y', { type: tmpfs, target: /z }, '/anonymous']", ""),
    ("volumes: ['./a:/a:ro', './a/b:/b']", ""),
    (
        "volumes: ['data:/x']",
        "volumes: { data: { driver_opts: { type: tmpfs, device: tmpfs, o: 'size=1m,uid=5' } } }",
    ),
    ("networks: [net]", "networks: { net: { internal: true, driver: bridge } }"),
    ("configs: [c]", "configs: { c: { content: hello } }"),
    ("secrets: [c]", "secrets: { c: { environment: MESSAGE } }"),
    ("tmpfs: [/x]\n    shm_size: 64m\n    ulimits: { nofile: 1000 }\n    init: true\n    user: '33'", ""),
    ("logging: { driver: local }\n    extra_hosts: ['host.docker.internal:host-gateway']", ""),
    ("deploy: { resources: { limits: { memory: 64M, cpus: '0.5' } } }\n    stop_grace_period: 5s", ""),
    (
        "healthcheck: { test: [CMD, x], interval: 5s }\n    labels: { a: b }\n    hostname: x\n    read_only: true",
        "",
    ),
];

/// A data directory, and the app in it that is judged.
struct Judge {
    place: tempfile::TempDir,
    projects: ComposeProjects,
    /// What should have been seen and was not: all of it is told at once.
    unseen: Vec<String>,
}

impl Judge {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let compose = Compose::find(Environment::of(std::env::vars())).expect("the test environment has it");
        let projects = ComposeProjects::of(compose, place.path(), InstanceId::from_text("judge"));
        Self { place, projects, unseen: Vec::new() }
    }

    fn outside(&self) -> PathBuf {
        self.place.path().join("outside.yaml")
    }

    /// The risks of that compose file, whose variable `WISH` is `wish`. In the app's folder, `link` leads to `link`.
    async fn risks(&self, compose: &str, wish: &str, link: &Path) -> Result<Vec<Risk>, String> {
        let package = Package { compose: compose.to_owned(), networks: Vec::new(), ..packages::hello() };
        let service = Service { ports: Vec::new(), has_logging: true, ..package.services[0].clone() };
        // A process that ends takes along whatever bears its marks: those of other tests must not.
        let install =
            InstallId::from_text(self.place.path().file_name().expect("it has one").to_string_lossy());
        let plain = |name: &str, text: &str| (name.to_owned(), VariableValue::Plain(text.to_owned()));
        let project = Project {
            name: ProjectName::from_text("judged"),
            folder: self.place.path().join("apps/judged"),
            instance: InstanceId::from_text("judge"),
            install: install.clone(),
            package: Arc::new(Package { services: vec![service], ..package }),
            variables: vec![plain("MESSAGE", "hello"), plain("WISH", wish)],
            ports: Vec::new(),
            subnets: Vec::new(),
            kept_volumes: Vec::new(),
        };
        self.projects.create_folder(&project.folder, &install).await.expect("created");
        self.projects.write(&project).await.expect("written");
        symlink(link, project.folder.join("link")).expect("a link");
        let rendered = self.projects.rendered(&project).await;
        self.projects.remove_folder(&project.folder, &install).await.expect("removed");
        rendered.map(|rendered| risks(&rendered)).map_err(|error| error.to_string())
    }

    async fn see(&mut self, way: &str, compose: &str, wish: &str, rule: Rule) {
        let found = self.risks(compose, wish, &self.outside()).await;
        if !found.as_ref().is_ok_and(|found| found.iter().any(|risk| risk.rule == rule)) {
            self.unseen.push(format!("{way}: {rule:?} is not seen: {found:?}\n{compose}"));
        }
    }

    fn assert_all_seen(&self) {
        assert!(self.unseen.is_empty(), "{}", self.unseen.join("\n"));
    }
}

fn service(name: &str, line: &str) -> String {
    format!("  {name}:\n    image: appmanage/hello:2\n    {line}\n")
}

/// The text without the marks; and with a variable in the place of what stands between them, and that.
fn plain_and_variable(text: &str) -> (String, Option<(String, String)>) {
    let Some((before, (value, after))) =
        text.split_once('<').and_then(|(before, rest)| Some((before, rest.split_once('>')?)))
    else {
        return (text.to_owned(), None);
    };
    let is_quoted = before.matches('\'').count() % 2 == 1;
    let quote = if is_quoted { "" } else { "\"" };
    let variable = format!("{before}{quote}${{WISH}}{quote}{after}");
    (format!("{before}{value}{after}"), Some((variable, value.trim_matches('\'').to_owned())))
}

#[tokio::test]
#[ignore = "needs docker compose: run through cargo xtask test"]
async fn what_a_service_asks_for_is_seen_by_whatever_way_it_asks() {
    let mut judge = Judge::new();
    let plainly = service("web", "init: true");
    for (line, rule) in OF_A_SERVICE {
        let (plain, by_variable) = plain_and_variable(line);
        judge.see("direct", &format!("services:\n{}", service("web", &plain)), "", *rule).await;
        if let Some((line, value)) = by_variable {
            let compose = format!("services:\n{}", service("web", &line));
            judge.see("by a variable", &compose, &value, *rule).await;
        }
        let base = service("base", &plain);
        let compose = format!("services:\n{base}{}", service("web", "extends: base"));
        judge.see("by extends", &compose, "", *rule).await;
        let compose = format!("x-base: &base\n  {plain}\nservices:\n{}", service("web", "<<: *base"));
        judge.see("by an anchor", &compose, "", *rule).await;
        // Files beside it are no packages: should one be there, by a link at that, it is seen all the same.
        fs::write(judge.outside(), format!("services:\n{base}")).expect("it can be written");
        let extends = "extends: { file: ./link, service: base }";
        judge
            .see("by extends of a link", &format!("services:\n{}", service("web", extends)), "", *rule)
            .await;
        judge.see("by include of a link", &format!("include: [link]\nservices:\n{plainly}"), "", *rule).await;
    }
    judge.assert_all_seen();
}

#[tokio::test]
#[ignore = "needs docker compose: run through cargo xtask test"]
async fn what_a_project_asks_for_is_seen_by_whatever_way_it_asks() {
    let mut judge = Judge::new();
    let plainly = service("web", "init: true");
    for (line, of_file, rule) in OF_THE_PROJECT {
        let (plain, by_variable) = plain_and_variable(of_file);
        let web = service("web", line);
        judge.see("direct", &format!("services:\n{web}{plain}\n"), "", *rule).await;
        if let Some((of_file, value)) = by_variable {
            judge.see("by a variable", &format!("services:\n{web}{of_file}\n"), &value, *rule).await;
        }
        let base = service("base", line);
        let compose = format!("services:\n{base}{}{plain}\n", service("web", "extends: base"));
        judge.see("by extends", &compose, "", *rule).await;
        fs::write(judge.outside(), format!("services:\n{base}{plain}\n")).expect("it can be written");
        judge.see("by include of a link", &format!("include: [link]\nservices:\n{plainly}"), "", *rule).await;
    }
    judge.assert_all_seen();
}

#[tokio::test]
#[ignore = "needs docker compose: run through cargo xtask test"]
async fn a_link_in_the_apps_folder_leads_where_it_leads() {
    let judge = Judge::new();
    for (target, rule) in [
        ("/etc", Rule::OutsidePath),
        ("/nowhere/yet", Rule::OutsidePath),
        ("../other", Rule::OutsidePath),
        (".", Rule::OutsidePath),
        (".env", Rule::OutsidePath),
        ("link", Rule::OutsidePath),
        ("/run", Rule::EngineSocket),
        ("/var/run/docker.sock", Rule::EngineSocket),
    ] {
        for lines in [
            service("web", "volumes: ['./link:/x']"),
            service("web", "volumes: [{ type: bind, source: ./link, target: /x }]"),
            service("web", "configs: [c]") + "configs: { c: { file: ./link } }\n",
            service("web", "secrets: [c]") + "secrets: { c: { file: ./link } }\n",
        ] {
            let compose = format!("services:\n{lines}");
            let found = judge.risks(&compose, "", Path::new(target)).await.expect("compose reads it");
            assert!(found.iter().any(|risk| risk.rule == rule), "{target}: {found:?}\n{compose}");
        }
    }
    let inside = format!("services:\n{}", service("web", "volumes: ['./link:/x']"));
    assert_eq!(judge.risks(&inside, "", Path::new("data")).await, Ok(Vec::new()));
}

#[tokio::test]
#[ignore = "needs docker compose: run through cargo xtask test"]
async fn an_env_file_that_a_container_could_turn_into_a_link_to_others_passwords_is_seen() {
    let judge = Judge::new();
    let (files, env_files) = ([brought("e/x.env")], ["e/x.env".to_owned()]);
    for (mount, expected) in [
        ("./files/e:/e", Some(Rule::NestedPath)),
        ("./files:/e", Some(Rule::NestedPath)),
        ("./files/e/x.env:/x", Some(Rule::NestedPath)),
        ("./files/e:/e:ro", None),
        ("./files/other:/e", None),
    ] {
        let lines = format!("env_file: ./files/e/x.env\n    volumes: ['{mount}']");
        let package = Package {
            compose: format!("services:\n{}", service("web", &lines)),
            files: files.to_vec(),
            env_files: env_files.to_vec(),
            ..packages::hello()
        };
        let mut project = project(201, &package.compose, judge.place.path(), InstanceId::from_text("judge"));
        project.subnets.clear();
        project.package = Arc::new(package);
        let rendered = judge.projects.rendered_aside(&project).await.expect("compose reads it");
        let found = risks(&rendered).first().map(|risk| risk.rule);
        assert_eq!(found, expected, "{mount}");
    }
}

fn brought(path: &str) -> PackageFile {
    PackageFile { path: path.to_owned(), bytes: b"A=1\n".as_slice().into(), is_executable: false }
}

#[tokio::test]
#[ignore = "needs docker compose: run through cargo xtask test"]
async fn what_every_container_may_do_is_no_risk() {
    let mut judge = Judge::new();
    for (line, of_file) in HARMLESS {
        let (web, helper) = (service("web", line), service("helper", "init: true"));
        let compose = format!("services:\n{web}{helper}{of_file}\n");
        let found = judge.risks(&compose, "", Path::new("data")).await;
        if found != Ok(Vec::new()) {
            judge.unseen.push(format!("{found:?}\n{compose}"));
        }
    }
    judge.assert_all_seen();
}

#[tokio::test]
#[ignore = "needs docker compose: run through cargo xtask test"]
async fn a_project_rendered_aside_leaves_nothing_and_is_judged_alike() {
    let judge = Judge::new();
    let package = Package {
        compose: format!("services:\n{}", service("web", "volumes: ['./inside:/x', '/etc:/y']")),
        ..packages::hello()
    };
    let mut project = project(200, &package.compose, judge.place.path(), InstanceId::from_text("judge"));
    project.subnets.clear();
    let rendered = judge.projects.rendered_aside(&project).await.expect("compose reads it");
    let found: Vec<(Rule, String)> =
        risks(&rendered).into_iter().map(|risk| (risk.rule, risk.subject)).collect();
    assert_eq!(found, [(Rule::OutsidePath, "/etc".to_owned())]);
    let left = fs::read_dir(judge.place.path().join("scratch")).expect("it is there").count();
    assert_eq!((left, project.folder.exists()), (0, false));
    judge.projects.clear_scratch().expect("it can be removed");

    let broken = "services: { web: { image: x, nonsense: y } }".to_owned();
    project.package = Arc::new(Package { compose: broken, ..package });
    let error = judge.projects.rendered_aside(&project).await.expect_err("compose refuses it").to_string();
    assert!(error.contains("nonsense"), "{error}");
}

/// What a user may set, as `domain::settings` lets it through.
#[tokio::test]
#[ignore = "needs docker compose: run through cargo xtask test"]
async fn every_line_of_text_comes_through_env_as_it_is() {
    let mut judge = Judge::new();
    let mount = service("web", "volumes: [{ type: bind, source: \"${WISH}\", target: /x }]");
    let compose = format!("services:\n{mount}");
    for value in [
        "/it's",
        "/a\"b",
        "/a\\b",
        "/a\\",
        "/a$b",
        "/a${MESSAGE}",
        "/a#b",
        "/a # b",
        "/博客",
        "/a`b`",
        "/it's \\n $5 \\",
        "/a'b\"c\\'d",
        "/ a",
        "/a\\$b'",
        "/%s",
        "/=",
        "/a\u{2028}b",
        "/\\\\'",
        "/'\\n",
        "/'\\x41",
    ] {
        let found = judge.risks(&compose, value, Path::new("data")).await;
        let subject = found.as_ref().ok().and_then(|found| found.first()).map(|risk| risk.subject.as_str());
        if subject != Some(value) {
            judge.unseen.push(format!("{value:?}: {found:?}"));
        }
    }
    judge.assert_all_seen();
}
