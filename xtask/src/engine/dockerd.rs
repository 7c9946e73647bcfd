//! One private engine: a containerd and a dockerd that share nothing with an engine the user may run.
//!
//! dockerd would start a containerd by itself, but where a system containerd answers it takes that one.
//! So ours is started first and named. It also outlives a killed dockerd, as on a real machine.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::place::{Network, Place};
use crate::command::{find, run};
use crate::paths;

/// An engine on a loaded machine is up in a few seconds; one that has containers to end first needs longer.
const START: Duration = Duration::from_secs(90);

/// How long the socket may take to answer one question.
const ANSWER: Duration = Duration::from_secs(2);

/// Starts what of the engine does not run. `extra` are more arguments for dockerd.
pub(crate) fn start(place: &Place, registry_port: u16, extra: &[String]) -> Result<()> {
    if place.is_running() && answers(&place.socket()) {
        return Ok(());
    }
    check_cgroups(Path::new("/sys/fs/cgroup"))?;
    paths::create_folder(&place.folder)?;
    paths::create_folder(&place.run)?;
    let network = place.network()?;
    start_containerd(place)?;
    add_bridge(&place.tag, network)?;
    // Of the user's own /etc/docker/daemon.json nothing must apply here.
    let config = place.folder.join("daemon.json");
    paths::write(&config, "{}\n")?;
    let dockerd = place.dockerd();
    // A killed dockerd leaves its pid file, and the next one refuses to start beside it.
    std::fs::remove_file(place.dockerd_pid_file()).ok();
    let program = find("dockerd").context("dockerd is not on the PATH")?;
    let mut arguments = arguments(place, network, registry_port, &config);
    arguments.extend_from_slice(extra);
    dockerd.start(&program, &arguments, START, || answers(&place.socket()))
}

/// Whether an engine answers at the socket.
pub(crate) fn answers(socket: &Path) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    ask().is_ok_and(|answer| answer.ends_with(" 200"))
}

/// A `docker` client of this engine.
pub(crate) fn client(place: &Place) -> Command {
    let mut command = Command::new("docker");
    command
        .env("DOCKER_HOST", place.host())
        .env("DOCKER_CONFIG", place.client_config())
        // A machine that has the client alone has no buildx; the classic builder is in every engine.
        .env("DOCKER_BUILDKIT", "0")
        .env_remove("DOCKER_CONTEXT");
    command
}

fn arguments(place: &Place, network: Network, registry_port: u16, config: &Path) -> Vec<String> {
    vec![
        place.dockerd().mark,
        format!("--config-file={}", config.display()),
        format!("--data-root={}", place.data_root().display()),
        format!("--exec-root={}", place.exec_root().display()),
        format!("--host={}", place.host()),
        format!("--containerd={}", place.containerd_socket().display()),
        format!("--bridge={}", place.tag),
        format!("--default-address-pool=base={},size=24", network.pool()),
        format!("--registry-mirror=http://127.0.0.1:{registry_port}"),
        // With systemd as cgroup driver the parent would be a unit of the user's system.
        "--exec-opt=native.cgroupdriver=cgroupfs".to_owned(),
        format!("--cgroup-parent=/{}", place.tag),
        "--log-level=info".to_owned(),
    ]
}

fn start_containerd(place: &Place) -> Result<()> {
    let containerd = place.containerd();
    let socket = place.containerd_socket();
    if containerd.pid().is_some() && UnixStream::connect(&socket).is_ok() {
        return Ok(());
    }
    containerd.stop()?;
    paths::write(&place.folder.join("containerd.toml"), containerd_config(place))?;
    let program = find("containerd").context("containerd is not on the PATH")?;
    let arguments = [containerd.mark.clone()];
    containerd.start(&program, &arguments, START, || UnixStream::connect(&socket).is_ok())
}

/// `opt` is named too: its default is a folder in /opt.
fn containerd_config(place: &Place) -> String {
    format!(
        "version = 2\nroot = \"{root}\"\nstate = \"{state}\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
         [grpc]\naddress = \"{socket}\"\n[plugins.\"io.containerd.internal.v1.opt\"]\npath = \"{opt}\"\n",
        root = place.folder.join("containerd").display(),
        state = place.run.join("containerd").display(),
        socket = place.containerd_socket().display(),
        opt = place.folder.join("containerd/opt").display(),
    )
}

/// dockerd makes its own bridge only under the name docker0, which may be the user's.
fn add_bridge(bridge: &str, network: Network) -> Result<()> {
    if Path::new("/sys/class/net").join(bridge).exists() {
        return Ok(());
    }
    run(Command::new("ip").args(["link", "add", "name", bridge, "type", "bridge"]))?;
    run(Command::new("ip").args(["addr", "add", &network.bridge(), "dev", bridge]))?;
    run(Command::new("ip").args(["link", "set", "dev", bridge, "up"]))
}

/// Either generation of cgroups will do, but one must be mounted.
fn check_cgroups(root: &Path) -> Result<()> {
    if root.join("cgroup.controllers").exists() || root.join("memory").is_dir() {
        return Ok(());
    }
    bail!(
        "no cgroups with a memory controller under {}: containers cannot run here; \
         mount them (Debian: apt-get install cgroupfs-mount && cgroupfs-mount)",
        root.display()
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn nothing_of_the_engine_is_at_a_default_place() {
        let place = Place::new(Path::new("/clone"), "dev").unwrap();
        let folder = std::env::temp_dir().join(format!("xtask-dockerd-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let place = Place { folder: folder.clone(), ..place };
        std::fs::write(folder.join("network"), "70").unwrap();
        let arguments = arguments(&place, place.network().unwrap(), 5000, Path::new("/clone/daemon.json"));
        for flag in
            ["--pidfile=", "--config-file=", "--data-root=", "--exec-root=", "--host=unix:///run/appmanage-"]
        {
            assert!(arguments.iter().any(|argument| argument.starts_with(flag)), "{flag} in {arguments:?}");
        }
        assert!(arguments.contains(&"--default-address-pool=base=10.70.0.0/17,size=24".to_owned()));
        assert!(
            !containerd_config(&place).contains("/opt\"\n[") && containerd_config(&place).contains("/opt")
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_machine_without_cgroups_is_told_what_to_do() {
        let error = check_cgroups(Path::new("/no-such-folder")).unwrap_err().to_string();
        assert!(error.contains("mount them"), "{error}");
    }
}
