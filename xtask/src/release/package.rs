//! The Debian package, put together file by file and closed by `dpkg-deb`.
//!
//! What its scripts do is in `deploy/debian/`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Release, pages, program, sbom};
use crate::command::{output, run};
use crate::engine::install_packages;
use crate::paths;

/// The names of the folders' contents for everybody to read, and of programs to execute.
const FILE: u32 = 0o644;
const PROGRAM: u32 = 0o755;

/// Shells, and where each looks for completions.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/appmanage"),
    ("zsh", "usr/share/zsh/vendor-completions/_appmanage"),
    ("fish", "usr/share/fish/vendor_completions.d/appmanage.fish"),
];

/// Folders of the repository whose files are shipped as they are, and where to.
const FOLDERS: [(&str, &str); 3] = [
    ("deploy/systemd", "usr/lib/systemd/system"),
    ("deploy/nginx", "usr/share/doc/appmanage/examples/nginx"),
    ("deploy/grafana", "usr/share/doc/appmanage/examples/grafana"),
];

/// Makes it. Gives the file.
pub(super) fn build(release: &Release) -> Result<PathBuf> {
    ensure_programs()?;
    let version = format!("{}-{}", release.version, release.options.revision);
    let architecture = architecture()?;
    let name = format!("appmanage_{version}_{architecture}");
    let stage = Stage { root: release.to.join(format!(".{name}")) };
    paths::remove_folder(&stage.root)?;
    add_program(&stage, release)?;
    add_deployed(&stage, release)?;
    add_documents(&stage, release, &version)?;
    add_control(&stage, release, &version, architecture)?;
    stage.open_folders(&stage.root)?;
    let package = release.to.join(format!("{name}.deb"));
    let compression: &[&str] = if release.options.quick { &["-Zgzip", "-z1"] } else { &["-Zxz"] };
    run(Command::new("dpkg-deb")
        .env("SOURCE_DATE_EPOCH", release.epoch.to_string())
        .arg("--root-owner-group")
        .args(compression)
        .arg("--build")
        .args([&stage.root, &package]))?;
    paths::remove_folder(&stage.root)?;
    Ok(package)
}

fn ensure_programs() -> Result<()> {
    let missing = |program: &str| crate::command::find(program).is_none();
    if missing("dpkg-deb") {
        bail!("dpkg-deb is not here: Debian packages are made on Debian or Ubuntu");
    }
    if missing("strip") { install_packages(&["binutils"]) } else { Ok(()) }
}

fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => bail!("Debian's name for the architecture {other} is not known here; add it"),
    }
}

/// The files as they will be on the machine.
struct Stage {
    root: PathBuf,
}

impl Stage {
    fn file(&self, target: &str, content: impl AsRef<[u8]>, mode: u32) -> Result<PathBuf> {
        let file = self.root.join(target);
        paths::create_folder(file.parent().expect("a target lies in a folder"))?;
        paths::write(&file, content)?;
        fs::set_permissions(&file, Permissions::from_mode(mode))?;
        Ok(file)
    }

    /// The same, compressed, without a name or a time in it.
    fn packed(&self, target: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let file = self.file(target, content, FILE)?;
        run(Command::new("gzip").args(["--best", "--no-name", "--force"]).arg(file))
    }

    /// Folders that anybody may enter, whatever the umask of whoever builds.
    fn open_folders(&self, folder: &Path) -> Result<()> {
        fs::set_permissions(folder, Permissions::from_mode(PROGRAM))?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                self.open_folders(&entry.path())?;
            }
        }
        Ok(())
    }

    /// The files that are installed, sorted, relative to the root.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let listed = output(Command::new("find").arg(&self.root).args(["-type", "f", "-printf", "%P\\n"]))?;
        let mut files: Vec<PathBuf> =
            listed.lines().filter(|file| !file.starts_with("DEBIAN/")).map(PathBuf::from).collect();
        files.sort();
        Ok(files)
    }
}

fn add_program(stage: &Stage, release: &Release) -> Result<()> {
    let program = stage.file("usr/bin/appmanage", fs::read(&release.binary)?, PROGRAM)?;
    run(Command::new("strip").arg(&program))?;
    stage.packed("usr/share/man/man1/appmanage.1", program::page(&release.binary, &["man"])?)?;
    for (shell, target) in COMPLETIONS {
        stage.file(target, program::page(&release.binary, &["completions", shell])?, FILE)?;
    }
    Ok(())
}

fn add_deployed(stage: &Stage, release: &Release) -> Result<()> {
    for (folder, target) in FOLDERS {
        let folder = release.repository.join(folder);
        // What is not there yet is not shipped.
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let file = entry?.path();
            let name = file.file_name().expect("a listed file has a name").to_string_lossy().into_owned();
            stage.file(&format!("{target}/{name}"), paths::read(&file)?, FILE)?;
        }
    }
    let debian = release.repository.join("deploy/debian");
    stage.file(
        "usr/lib/sysusers.d/appmanage.conf",
        paths::read(&debian.join("appmanage.sysusers"))?,
        FILE,
    )?;
    let overrides = paths::read(&debian.join("lintian-overrides"))?;
    stage.file("usr/share/lintian/overrides/appmanage", overrides, FILE)?;
    let settings = paths::read(&release.repository.join("deploy/appmanage.toml"))?;
    stage.file("etc/appmanage/appmanage.toml", settings, FILE)?;
    Ok(())
}

fn add_documents(stage: &Stage, release: &Release, version: &str) -> Result<()> {
    let folder = "usr/share/doc/appmanage";
    for file in pages::all(release.repository)? {
        let page = paths::read(&release.repository.join("docs").join(&file))?;
        stage.file(&format!("{folder}/{}", file.display()), page, FILE)?;
    }
    let copyright = paths::read(&release.repository.join("deploy/debian/copyright"))?;
    stage.file(&format!("{folder}/copyright"), copyright, FILE)?;
    stage.packed(&format!("{folder}/changelog"), paths::read(&release.repository.join("CHANGELOG.md"))?)?;
    stage.packed(&format!("{folder}/third-party-licences.txt"), &release.third_party_licences)?;
    stage.packed(&format!("{folder}/{}", sbom::FILE), &release.sbom)?;
    let date = output(
        Command::new("date").args(["--utc", "--rfc-email", "--date"]).arg(format!("@{}", release.epoch)),
    )?;
    let maintainer = maintainer(release)?;
    let entry = format!(
        "appmanage ({version}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- {maintainer}  {date}"
    );
    stage.packed(&format!("{folder}/changelog.Debian"), entry)
}

fn maintainer(release: &Release) -> Result<String> {
    let control = paths::read(&release.repository.join("deploy/debian/control"))?;
    let line = control.lines().find_map(|line| line.strip_prefix("Maintainer: "));
    Ok(line.context("deploy/debian/control names no maintainer")?.to_owned())
}

fn add_control(stage: &Stage, release: &Release, version: &str, architecture: &str) -> Result<()> {
    let files = stage.files()?;
    let mut bytes = 0;
    for file in &files {
        bytes += fs::metadata(stage.root.join(file))?.len();
    }
    let sums = output(Command::new("md5sum").arg("--").args(&files).current_dir(&stage.root))?;
    let debian = release.repository.join("deploy/debian");
    let mut control = paths::read(&debian.join("control"))?;
    for (name, value) in [
        ("@version@", version.to_owned()),
        ("@architecture@", architecture.to_owned()),
        ("@kilobytes@", bytes.div_ceil(1024).to_string()),
        ("@glibc@", program::libc_version(&release.binary)?),
    ] {
        control = control.replace(name, &value);
    }
    stage.file("DEBIAN/control", control, FILE)?;
    stage.file("DEBIAN/md5sums", sums, FILE)?;
    stage.file("DEBIAN/conffiles", "/etc/appmanage/appmanage.toml\n", FILE)?;
    for script in super::deploy::SCRIPTS {
        stage.file(&format!("DEBIAN/{script}"), paths::read(&debian.join(script))?, PROGRAM)?;
    }
    Ok(())
}
