//! The server in a container of its own, as `deploy/container` describes it, on the engine that it drives.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use acceptance::apps::INSTALL_LIMIT;
use acceptance::http::Address;
use acceptance::setup::{binary, variable};
use acceptance::{Api, docker, programs, share, wait};

/// Images of a hundred megabytes are built, and the server's container is started.
const START_LIMIT: Duration = Duration::from_secs(60);

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/container").join(file)
}

/// Stands in for the image that Docker's client is taken from.
fn client_image(folder: &Path, name: &str) {
    let context = folder.join("client");
    fs::create_dir(&context).expect("a new folder");
    let path = variable("PATH");
    let client = std::env::split_paths(&path).map(|folder| folder.join("docker")).find(|file| file.is_file());
    programs::copy(&client.expect("docker is on the PATH"), &context.join("docker"));
    let compose = Path::new(&variable("DOCKER_CONFIG")).join("cli-plugins/docker-compose");
    programs::copy(&compose, &context.join("docker-compose"));
    let recipe = "FROM scratch\n\
                  COPY docker /usr/local/bin/docker\n\
                  COPY docker-compose /usr/local/libexec/docker/cli-plugins/docker-compose\n\
                  COPY Dockerfile /etc/ssl/certs/ca-certificates.crt\n";
    fs::write(context.join("Dockerfile"), recipe).expect("it can be written");
    docker::docker(&["build", "--quiet", "--tag", name, &context.display().to_string()]);
}

/// Stands in for the system that the image is based on, with git, since there is nowhere to install it from here.
fn base_image(folder: &Path, name: &str) {
    let context = folder.join("base");
    fs::create_dir(&context).expect("a new folder");
    fs::copy("/usr/bin/git", context.join("git")).expect("git is installed");
    fs::write(context.join("Dockerfile"), "FROM redis:7\nCOPY git /usr/bin/git\n")
        .expect("it can be written");
    docker::docker(&["build", "--quiet", "--tag", name, &context.display().to_string()]);
}

/// `docker compose` for the server's own project.
struct Project {
    name: String,
    data_dir: PathBuf,
    file: PathBuf,
}

impl Project {
    fn compose(&self, words: &[&str]) -> String {
        let mut command = Command::new("docker");
        command.args(["compose", "--project-name", &self.name, "--file"]).arg(deploy("compose.yaml"));
        // What keeps this test out of others' way.
        command.arg("--file").arg(&self.file).args(words);
        command.env("APPMANAGE_DATA_DIR", &self.data_dir).env("DOCKER_SOCKET", docker::socket());
        let ended = command.output().expect("docker is on the PATH");
        let printed =
            [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(ended.status.success(), "{words:?}: {printed}");
        printed
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.compose(&["down"]);
        docker::remove_all(&self.name);
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_server_in_a_container_installs_apps_beside_itself_and_leaves_them_running() {
    let folder = tempfile::Builder::new().prefix("appmanage-").tempdir().expect("a temporary directory");
    let prefix = share::prefix();
    let [client, base, image] = ["client", "base", "server"].map(|name| format!("{prefix}/{name}"));
    client_image(folder.path(), &client);
    base_image(folder.path(), &base);
    let context = folder.path().join("context");
    fs::create_dir(&context).expect("a new folder");
    programs::copy(&binary(), &context.join("appmanage"));
    let (recipe, context) = (deploy("Dockerfile").display().to_string(), context.display().to_string());
    let arguments = [("DOCKER", &client), ("BASE", &base)].map(|(name, value)| format!("{name}={value}"));
    let [client_argument, base_argument] = &arguments;
    docker::docker(&[
        "build",
        "--quiet",
        "--file",
        &recipe,
        "--tag",
        &image,
        "--build-arg",
        client_argument,
        "--build-arg",
        base_argument,
        &context,
    ]);

    let port = share::ports();
    let file = folder.path().join("test.yaml");
    let settings = format!(
        "services:\n  appmanage:\n    image: {image}\n    environment:\n      APPMANAGE_NETWORK_PORT_FIRST: {port}\n      \
         APPMANAGE_NETWORK_PORT_LAST: {}\n      APPMANAGE_NETWORK_SUBNET_POOL: {}\n      \
         APPMANAGE_PUBLIC_HOST: 127.0.0.1\n      APPMANAGE_PROJECTS_FOREIGN: 'false'\n",
        port + share::PORTS - 1,
        share::subnet_pool(8),
    );
    fs::write(&file, settings).expect("it can be written");
    let project = Project { name: format!("{prefix}server"), data_dir: folder.path().join("data"), file };
    fs::create_dir(&project.data_dir).expect("a new folder");
    project.compose(&["up", "--detach", "--quiet-pull"]);
    let address = Address::Unix(project.data_dir.join("appmanage.sock"));
    let api = Api { address, authorization: None };
    wait::until("the server is ready", START_LIMIT, || {
        api.address.get("/readyz").is_ok_and(|answer| answer.status == 200).then_some(())
    });
    let app = format!("{prefix}app");
    api.install("hello", &app, "latest").expect("the install is accepted");
    api.await_status(&app, "30", INSTALL_LIMIT);
    let told = project.compose(&["exec", "--no-TTY", "appmanage", "appmanage", "--output", "json", "list"]);
    assert!(told.contains(&app), "{told}");
    project.compose(&["restart"]);
    wait::until("the server is there again", START_LIMIT, || {
        (api.try_call("AppStatus", &[("app_id", &app)]).is_ok() && api.status(&app).as_deref() == Ok("30"))
            .then_some(())
    });
    project.compose(&["down"]);
    assert!(docker::containers(&app).iter().all(|container| docker::state(container) == "running"));
    docker::remove_all(&app);
    docker::try_docker(&["image", "rm", "--force", &client, &image, &base]).ok();
}
