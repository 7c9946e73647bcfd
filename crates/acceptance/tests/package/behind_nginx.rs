//! All that a user has on a public server, together: the server as its own user under systemd, nginx before it, root's
//! part of the gateway between the two, and an app under a name of its own with a certificate. The steps are those of
//! docs/install.md, docs/gateway.md and docs/domains.md.

use std::fs;
use std::path::Path;
use std::time::Duration;

use acceptance::apps::INSTALL_LIMIT;
use acceptance::gateway::basic;
use acceptance::http::Address;
use acceptance::json::{items, text};
use acceptance::machine::{Booted, Machine};
use acceptance::pebble::{Pebble, Visit};
use acceptance::{Api, share, wait};
use serde_json::Value;

use crate::{Leftovers, install_booted, machine, packages};

/// The name of the app.
const NAME: &str = "blog.example";

/// Longer than the test: nothing is renewed.
const VALIDITY: Duration = Duration::from_hours(24);

/// For nginx and the authority to do their parts, on a machine with other things to do.
const SERVE_LIMIT: Duration = Duration::from_secs(60);

/// What the package starts, and what it works with.
const UNITS: [&str; 4] = ["appmanage.service", "appmanage.socket", "appmanage-gateway.path", "nginx.service"];

/// A machine with nginx on ports of its own, since it shares the network of this one.
struct World {
    booted: Booted,
    machine: Machine,
    pebble: Pebble,
    http: u16,
    https: u16,
}

impl World {
    fn boot(folder: &Path) -> Self {
        let machine = machine(folder, &["nginx-light"]);
        let (http, https) = (share::free_port(), share::free_port());
        let pebble = Pebble::start(&folder.join("pebble"), http, VALIDITY);
        let edit = |path: &str, edit: &dyn Fn(&str) -> String| {
            let path = machine.path(path);
            let text = fs::read_to_string(&path).unwrap_or_default();
            fs::write(&path, edit(&text)).expect("it can be written");
        };
        edit("/etc/hosts", &|_| format!("127.0.0.1 localhost {NAME}\n"));
        edit("/etc/nginx/sites-available/default", &|site| {
            let site = site.replace("listen 80 ", &format!("listen 127.0.0.1:{http} "));
            site.replace("listen [::]:80 default_server;", "")
        });
        Self { booted: machine.boot(), machine, pebble, http, https }
    }

    fn run(&self, line: &str) -> String {
        self.booted.run(&line.split(' ').collect::<Vec<_>>())
    }

    /// Step 2 of docs/gateway.md, and what keeps the test to itself.
    fn set(&self) {
        let settings = self.machine.path("/etc/appmanage/appmanage.toml");
        let before = fs::read_to_string(&settings).expect("the package brings it");
        assert!(before.contains("listen = [\"unix:/run/appmanage/appmanage.sock\"]"), "as the page says");
        let authority = "/etc/appmanage/authority.pem";
        fs::copy(self.pebble.ca_file(), self.machine.path(authority)).expect("it can be copied");
        let port = share::ports();
        let more = format!(
            "gateway.user = \"www-data\"\nacme.directory = \"{}\"\nacme.ca_file = \"{authority}\"\n\
             network.port_first = {port}\nnetwork.port_last = {}\nnetwork.subnet_pool = \"{}\"\n\
             projects.foreign = false\n",
            self.pebble.url(),
            port + share::PORTS - 1,
            share::subnet_pool(8),
        );
        fs::write(&settings, before + &more).expect("it can be written");
        self.run("systemctl restart appmanage");
        self.run("usermod --append --groups appmanage www-data");
    }

    /// Step 3 of docs/gateway.md; gives the API as the first user sees it through nginx.
    fn init(&self) -> Api {
        let (http, https) = (self.http, self.https);
        let printed = self.run(&format!(
            "appmanage gateway init --name localhost --listen-http 127.0.0.1:{http} --listen-https 127.0.0.1:{https}"
        ));
        let password = printed.lines().find_map(|line| line.strip_prefix("    ")).expect("it is printed");
        let certificate = self.run("find /etc/nginx/appmanage -name self-signed*.pem");
        let address = Address::Tls(([127, 0, 0, 1], https).into(), self.machine.path(certificate.trim()));
        Api { address, authorization: Some(basic("admin", password.trim())) }
    }

    /// The status that the app's name is answered with, by a site whose certificate is the authority's.
    fn visit(&self) -> std::io::Result<Option<u16>> {
        let root = self.pebble.root()?;
        Ok(Visit::open(self.https, NAME, &root)?.get("/")?.map(|(status, _)| status))
    }

    /// The files of the server and of the gateway that are not the server's own and closed to all others: owner, mode and
    /// path of each.
    fn open_files(&self) -> Vec<String> {
        let found = self.run("find /var/lib/appmanage /etc/nginx/appmanage -type f -printf %u:%m:%p\\n");
        let lines = found.lines().filter(|line| !line.starts_with("appmanage:600:")).map(str::to_owned);
        let mut found: Vec<String> = lines.collect();
        found.sort();
        found
    }

    fn assert_all_is_well(&self) {
        for unit in UNITS {
            let state = self.booted.try_run(&["systemctl", "is-active", unit]);
            assert_eq!(state.as_deref().map(str::trim), Ok("active"), "{unit}");
        }
        let status = self.run("appmanage gateway status");
        assert!(status.contains("certificate    good\n"), "{status}");
        let doctor = self.run("appmanage doctor");
        assert!(doctor.contains("the gateway's own certificate, good until  20"), "{doctor}");
        let visited = self.visit().expect("the certificate is the authority's");
        assert_eq!(visited, Some(200));
    }

    /// What was said since the machine was booted that somebody has to look into.
    fn complaints(&self) -> Vec<String> {
        let units = "journalctl --quiet --output=cat --unit=appmanage* --unit=nginx*";
        let said = self.run(units);
        let of_programs = said.lines().filter(|line| {
            // Between the second step of the page and the third.
            let before_init = line.contains("the gateway is not set up: run `appmanage gateway init`");
            ["ERROR", "WARN", "[warn]", "[emerg]"].iter().any(|word| line.contains(word)) && !before_init
        });
        let of_systemd = self.run(&format!("{units} --priority=warning"));
        let nginx = self.run("find /var/log/nginx -name *error.log -exec cat {} +");
        let of_nginx = nginx.lines().filter(|line| !line.contains("[notice]"));
        of_programs.chain(of_systemd.lines()).chain(of_nginx).map(str::to_owned).collect()
    }
}

fn domain(api: &Api) -> Option<Value> {
    items(&api.call("AppDomainList", &[]).expect("it answers"), "").into_iter().next()
}

/// Whose the files are, and who may read them.
fn assert_private(world: &World) {
    let files = world.open_files();
    // What root and the server tell each other. The server's directory is closed to others.
    let own = files.iter().position(|file| file.starts_with("root:600:/etc/nginx/appmanage/self-signed-"));
    let told = [
        "appmanage:644:/var/lib/appmanage/gateway/request",
        "root:644:/etc/nginx/appmanage/gateway.json",
        "root:644:/etc/nginx/appmanage/lock",
        "root:644:/var/lib/appmanage/gateway/applied.json",
    ];
    let mut open = files.clone();
    open.remove(own.unwrap_or_else(|| panic!("{files:#?}")));
    assert_eq!(open, told);
    for secret in ["acme/account.json", "gateway/certificates"] {
        let found = world.run(&format!("find /var/lib/appmanage/{secret} -type f"));
        assert_eq!(found.lines().count(), 1, "{found}");
    }
    assert_eq!(world.run("stat --format %U:%a /var/lib/appmanage").trim(), "appmanage:700");
}

#[test]
#[ignore = "needs the private engine and pebble: cargo xtask test"]
fn who_follows_the_docs_has_an_app_behind_a_name_of_its_own_through_restarts_and_an_upgrade() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let world = World::boot(folder.path());
    let install = |package: &Path| install_booted(&world.machine, &world.booted, package);
    let [first, second] = packages();
    install(first);
    world.run("appmanage doctor");
    world.set();
    let api = world.init();

    let prefix = share::prefix();
    let _leftovers = Leftovers(prefix.clone());
    let app = format!("{prefix}app");
    api.install("hello", &app, "latest").expect("the first user may");
    api.await_status(&app, "30", INSTALL_LIMIT);
    api.call("AppDomainAdd", &[("app_id", &app), ("domain", NAME)]).expect("it is accepted");
    wait::until("the name is served with a certificate", SERVE_LIMIT, || {
        let domain = domain(&api)?;
        (text(&domain, "/certificate") == "valid" && text(&domain, "/site") == "served").then_some(())
    });
    wait::until("visitors meet it", SERVE_LIMIT, || world.visit().ok()?.filter(|status| *status == 200));
    world.assert_all_is_well();
    assert_private(&world);

    let restart = |unit: &str| drop(world.run(&format!("systemctl restart {unit}")));
    let beginnings: [&dyn Fn(); 3] = [&|| restart("appmanage"), &|| restart("nginx"), &|| install(second)];
    for begin_anew in beginnings {
        begin_anew();
        api.await_status(&app, "30", SERVE_LIMIT);
        let doctor = || world.booted.try_run(&["appmanage", "doctor"]).ok();
        wait::until("the server has seen the gateway", SERVE_LIMIT, doctor);
        world.assert_all_is_well();
    }

    api.call("AppDomainRemove", &[("app_id", &app), ("domain", NAME)]).expect("it is accepted");
    wait::until("nobody is shown it any more", SERVE_LIMIT, || world.visit().is_err().then_some(()));
    assert_eq!(domain(&api), None);
    wait::until("its certificate is removed", SERVE_LIMIT, || {
        world.run("find /var/lib/appmanage/gateway/certificates -type f").is_empty().then_some(())
    });
    assert_eq!(world.complaints(), Vec::<String>::new());

    // A call through nginx is known by who made it.
    let trail = world.run("appmanage audit");
    assert!(trail.contains("AppDomainRemove") && trail.contains("user:admin"), "{trail}");
    world.run(&format!("appmanage uninstall {app} --wait"));
    world.run(&format!("appmanage purge {app} --yes --wait"));
    world.run("apt-get purge --yes appmanage");
    assert_eq!(world.run("find /etc/nginx /var/lib /run -name *appmanage*"), "", "nothing is left of it");
    world.run("nginx -t");
    assert_eq!(world.run("systemctl is-active nginx").trim(), "active", "it serves what else it had");
}
