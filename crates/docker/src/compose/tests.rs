//! `docker compose` as a script that behaves badly, and the files that the real one reads.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant as WallInstant;

use domain::{PortReservation, Protocol, Secret, SubnetReservation};
use testkit::{packages, programs};

use super::*;
use crate::environment::Environment;

/// A data directory, and a docker command that is a script.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn with_docker(script: &str) -> Self {
        let place = Self { root: tempfile::tempdir().expect("a folder") };
        let docker = place.root.path().join("docker");
        let version = "case \"$*\" in 'compose version --short') echo 2.40.3; exit;; esac";
        programs::script(&docker, &format!("{version}\n{script}"));
        place
    }

    /// The projects, as a server that has just started sees them.
    async fn projects(&self) -> ComposeProjects {
        projects_in(self.root.path()).await
    }

    fn project(&self) -> Project {
        project_in(self.root.path())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The projects and a project whose folder is written.
    async fn written(&self) -> (ComposeProjects, Project) {
        let (projects, project) = (self.projects().await, self.project());
        projects.create_folder(&project.folder, &project.install).await.expect("created");
        projects.write(&project).await.expect("written");
        (projects, project)
    }
}

async fn projects_in(root: &Path) -> ComposeProjects {
    let path = format!("{}:/usr/bin:/bin", root.display());
    let proxy = ("HTTPS_PROXY".to_owned(), "http://user:secret@proxy.example".to_owned());
    let environment = Environment::of([("PATH".to_owned(), path), proxy]);
    let compose = Compose::find(environment).expect("there is a script");
    // Of this test alone: tests run side by side, and leftovers are found all over the machine.
    let instance = InstanceId::from_text(root.display().to_string());
    ComposeProjects::of(compose, root, instance)
}

fn project_in(root: &Path) -> Project {
    let name = ProjectName::from_text("myblog");
    let reserved = PortReservation {
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        protocol: Protocol::Tcp,
        port: 8082,
        service: "web".to_owned(),
        target: 80,
    };
    let subnet = "10.1.2.0/27".parse().expect("a subnet");
    Project {
        folder: root.join("apps").join(name.as_str()),
        name,
        instance: InstanceId::from_text("instance1"),
        install: InstallId::from_text("install1"),
        package: Arc::new(packages::blog()),
        variables: vec![
            ("TAG".to_owned(), VariableValue::Plain("6.1".to_owned())),
            ("DB_PASSWORD".to_owned(), VariableValue::Secret(Secret::from_text("Abcdefgh12345678"))),
        ],
        ports: vec![reserved],
        subnets: vec![SubnetReservation { network: "default".to_owned(), subnet }],
        kept_volumes: Vec::new(),
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = WallInstant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(WallInstant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn the_override_file_holds_all_that_we_add() {
    let rendered = render::override_file(&project_in(Path::new("/data")));
    insta::assert_snapshot!(rendered, @r#"
    # Written by appmanage for the app "myblog". Do not edit it: it is written anew.
    # The package's own file is compose.yaml; here is what this server adds to it.
    services:
      "db":
        labels:
          io.appmanage.instance: "instance1"
          io.appmanage.install: "install1"
        logging:
          driver: json-file
          options:
            max-size: "10m"
            max-file: "3"
      "web":
        labels:
          io.appmanage.instance: "instance1"
          io.appmanage.install: "install1"
        ports: !override
          - target: 80
            published: "8082"
            protocol: tcp
            host_ip: "127.0.0.1"
        logging:
          driver: json-file
          options:
            max-size: "10m"
            max-file: "3"
    networks:
      "default":
        labels:
          io.appmanage.instance: "instance1"
          io.appmanage.install: "install1"
        ipam:
          config:
            - subnet: "10.1.2.0/27"
    volumes:
      "data":
        labels:
          io.appmanage.instance: "instance1"
          io.appmanage.install: "install1"
      "files":
        labels:
          io.appmanage.instance: "instance1"
          io.appmanage.install: "install1"
    "#);
}

#[test]
fn the_env_file_names_the_project_first_and_keeps_the_order() {
    let rendered = project_in(Path::new("/data")).env_text();
    assert_eq!(rendered, "COMPOSE_PROJECT_NAME='myblog'\nTAG='6.1'\nDB_PASSWORD='Abcdefgh12345678'\n");
}

#[test]
fn a_service_keeps_its_own_logging_and_an_app_without_volumes_has_none() {
    let mut package = packages::hello();
    package.services[0].has_logging = true;
    let project = Project { package: Arc::new(package), ..project_in(Path::new("/data")) };
    let rendered = render::override_file(&project);
    assert!(!rendered.contains("logging") && !rendered.contains("volumes"), "{rendered}");
}

#[tokio::test]
async fn files_are_written_word_for_word_and_private() {
    let place = Place::with_docker("");
    let (projects, project) = place.written().await;
    let compose_file = projects.compose_file(&project.folder);
    assert_eq!(std::fs::read_to_string(&compose_file).expect("written"), project.package.compose);
    projects.write(&project).await.expect("twice is once");
    for entry in std::fs::read_dir(&project.folder).expect("a folder") {
        let entry = entry.expect("an entry");
        assert_eq!(entry.metadata().expect("a file").permissions().mode() & 0o777, 0o600, "{entry:?}");
        assert!(!entry.file_name().to_string_lossy().ends_with(".new"), "{entry:?}");
    }
}

#[tokio::test]
async fn compose_is_called_with_everything_given_and_nothing_inherited() {
    let place = Place::with_docker(
        "printf '%s\\n' \"$@\" > \"$(dirname $0)/arguments\"; env > \"$(dirname $0)/env\"",
    );
    let (projects, project) = place.written().await;
    projects.up(&project).await.expect("it ends well");
    let root = place.root.path().display().to_string();
    let arguments = std::fs::read_to_string(place.file("arguments")).expect("written");
    let arguments = arguments.replace(&root, "DATA").lines().collect::<Vec<_>>().join(" ");
    assert_eq!(
        arguments,
        "compose --progress json --project-name myblog --project-directory DATA/apps/myblog \
         --file DATA/apps/myblog/compose.yaml --file DATA/apps/myblog/compose.override.yaml \
         --env-file DATA/apps/myblog/.env up --detach --no-build --pull never"
    );
    let environment = std::fs::read_to_string(place.file("env")).expect("written");
    assert!(
        environment.contains("APPMANAGE_INSTALL=install1\n")
            && !environment.contains("CARGO")
            && !environment.contains("PROXY"),
        "{environment}"
    );
    assert!(!environment.contains("Abcdefgh"), "secrets travel in the file alone");
}

#[tokio::test]
async fn failures_are_classified_and_hold_no_secret() {
    let place = Place::with_docker(
        r#"echo '{"error":true,"message":"Abcdefgh12345678: Bind for 0.0.0.0:8082 failed: port is already allocated"}' >&2; exit 1"#,
    );
    let (projects, project) = place.written().await;
    let words = "***: Bind for 0.0.0.0:8082 failed: port is already allocated".to_owned();
    assert_eq!(projects.up(&project).await, Err(CommandError::PortTaken { port: 8082, words }));
}

#[tokio::test]
async fn a_dropped_up_ends_its_process_and_the_next_one_goes_on() {
    let place =
        Place::with_docker("d=$(dirname $0); if mkdir $d/first; then sleep 600 & wait; fi; touch $d/second");
    let (projects, project) = place.written().await;
    {
        let mut up = std::pin::pin!(projects.up(&project));
        let begun = until("it has begun", || place.file("first").exists());
        tokio::select! { outcome = &mut up => panic!("it hangs: {outcome:?}"), () = begun => {} }
    }
    projects.up(&project).await.expect("the lock is free again");
    assert!(place.file("second").exists());
}

/// Set for the copy of this test program that is going to be killed: where its data directory is.
const KILLED_COPY: &str = "TESTENV_KILLED_COPY";

#[tokio::test]
async fn what_a_killed_server_left_at_work_holds_the_lock_and_is_ended() {
    if let Some(root) = std::env::var_os(KILLED_COPY) {
        let root = PathBuf::from(root);
        projects_in(&root).await.up(&project_in(&root)).await.expect("it hangs until it is killed");
        return;
    }
    // As the real one: a child of the docker command does the work.
    let place = Place::with_docker("d=$(dirname $0); setsid sh -c \"touch $d/begun; exec sleep 600\" & wait");
    let (projects, project) = place.written().await;
    let mut server = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "compose::tests::what_a_killed_server_left_at_work_holds_the_lock_and_is_ended"])
        .env(KILLED_COPY, place.root.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("a copy of this program");
    until("it is at work", || place.file("begun").exists()).await;
    server.kill().expect("it is alive");
    server.wait().expect("it was started");

    assert!(folder::is_locked(&project.folder).expect("readable"), "its children work on");
    projects.end_leftovers(&project.folder, &project.install).await.expect("they are ended");
    assert!(!folder::is_locked(&project.folder).expect("readable"));
    projects.end_leftovers(&project.folder, &project.install).await.expect("twice is once");
}

#[tokio::test]
async fn leftovers_of_a_folder_that_is_not_there_are_none() {
    let place = Place::with_docker("");
    let project = place.project();
    place.projects().await.end_leftovers(&project.folder, &project.install).await.expect("there are none");
    assert!(!project.folder.exists(), "nothing is created");
}

/// What `rendered` says of a compose that writes what that script writes.
async fn rendered_by(script: &str) -> Result<RenderedProject, CommandError> {
    let place = Place::with_docker(script);
    let (projects, project) = place.written().await;
    projects.rendered(&project).await
}

#[tokio::test]
async fn what_compose_makes_of_a_project_is_read_and_nothing_that_is_not_whole() {
    let project = r#"echo '{"services":{"web":{"image":"x","privileged":true}}}'"#;
    let found = rendered_by(project).await.expect("it is whole");
    assert_eq!(domain::policy::risks(&found).len(), 1);
    for script in [
        "echo '{\"x\": \"Abcdefgh12345678\"'",
        "echo '[]'",
        "true",
        // The beginning is lost of what is too long: what is left is whole to look at.
        "head -c 300000 /dev/zero | tr '\\0' ' '; echo '{\"services\": {}}'",
        "echo '{\"services\": {},'; head -c 300000 /dev/zero | tr '\\0' ' '; echo '\"networks\": {}}'",
        "echo 'Abcdefgh12345678 is odd' >&2; exit 1",
    ] {
        let error = rendered_by(script).await.expect_err(script).to_string();
        assert!(!error.contains("Abcdefgh"), "{error}");
    }
}

#[tokio::test]
async fn renderings_of_one_project_side_by_side_do_not_end_each_other() {
    let place = Place::with_docker(
        "cd \"$(dirname \"$0\")\"
if mkdir first; then touch waits; until [ -e go ]; do sleep 0.01; done; fi 2> /dev/null
echo '{\"services\": {}}'",
    );
    let (projects, project) = (Arc::new(place.projects().await), place.project());
    let slow = tokio::spawn({
        let (projects, project) = (Arc::clone(&projects), project.clone());
        async move { projects.render_aside(&project).await }
    });
    let deadline = WallInstant::now() + Duration::from_secs(20);
    while !place.file("waits").exists() {
        assert!(WallInstant::now() < deadline, "the first one has begun");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    projects.render_aside(&project).await.expect("the second ends first");
    std::fs::write(place.file("go"), "").expect("a file");
    slow.await.expect("it does not panic").expect("the first goes on");
}

#[tokio::test]
async fn nobody_can_tell_beforehand_where_a_project_is_rendered_aside() {
    let place = Place::with_docker("echo \"$@\" > \"$(dirname \"$0\")/said\"; echo '{\"services\": {}}'");
    let (projects, project) = (place.projects().await, place.project());
    projects.render_aside(&project).await.expect("it is whole");
    let said = std::fs::read_to_string(place.file("said")).expect("it was started");
    // The install's id is chosen at random.
    assert!(said.contains(&format!("-{}/compose.yaml", project.install)), "{said}");
}
