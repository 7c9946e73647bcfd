//! Apps behind names of their own: a real nginx, a real certification authority (Pebble), a real app.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use acceptance::apps::INSTALL_LIMIT;
use acceptance::gateway::{Gateway, Nginx};
use acceptance::http::Address;
use acceptance::json::{items, number, text};
use acceptance::pebble::{Pebble, Visit};
use acceptance::{Hello, Setup, share, wait};
use serde_json::Value;

/// Of a certificate: it is renewed after 28 to 30 seconds.
const VALIDITY: Duration = Duration::from_secs(45);

/// For nginx and the authority to do their parts, on a machine with other things to do.
const ISSUE_LIMIT: Duration = Duration::from_secs(60);

const NAMES: [&str; 3] = ["one.example", "two.example", "refused.example"];

struct World {
    gateway: Gateway,
    pebble: Pebble,
    app: String,
}

impl World {
    /// A server with a gateway and an authority, and an app that runs.
    fn start() -> Self {
        let setup = Setup::default();
        let (http, https) = (share::free_port(), share::free_port());
        let pebble = Pebble::start(&setup.folder().join("pebble"), http, VALIDITY);
        let setup = setup
            .packages(&[Hello::named("page").package()])
            .setting("acme.directory", pebble.url())
            .setting("acme.ca_file", pebble.ca_file().display())
            .setting("network.publish", "loopback")
            .hosts(&NAMES);
        let (setup, dir) = Gateway::setup(setup);
        let nginx = Nginx::start(&dir);
        let gateway = Gateway { nginx, server: setup.start(), http, https, printed: String::new() };
        let ran = gateway.init(&[]);
        assert!(ran.success, "{ran:?}");
        let app = gateway.server.name("page");
        let api = gateway.server.api();
        api.install("page", &app, "1").expect("the install is accepted");
        api.await_status(&app, "30", INSTALL_LIMIT);
        Self { gateway, pebble, app }
    }

    fn add(&self, name: &str) {
        let parameters = [("app_id", &*self.app), ("domain", name)];
        self.gateway.server.api().call("AppDomainAdd", &parameters).expect("it is accepted");
    }

    fn domain(&self, name: &str) -> Value {
        let all = items(&self.gateway.server.api().call("AppDomainList", &[]).expect("it answers"), "");
        all.into_iter().find(|it| text(it, "/domain") == name).expect("it was added")
    }

    fn await_domain(&self, name: &str, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let told = wait::within(ISSUE_LIMIT, || Some(self.domain(name)).filter(&is_it));
        told.unwrap_or_else(|| panic!("{name} is not {what}: {}", self.domain(name)))
    }

    fn gateway_dir(&self) -> std::path::PathBuf {
        self.gateway.server.data_dir().join("gateway")
    }
}

fn is_certified(domain: &Value) -> bool {
    text(domain, "/certificate") == "valid" && text(domain, "/site") == "served"
}

fn files(folder: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is read").path());
    entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

/// What visitors met.
#[derive(Default)]
struct Met {
    stop: AtomicBool,
    pages: AtomicU32,
    reopened: AtomicU32,
    failures: Mutex<Vec<String>>,
    certificates: Mutex<BTreeSet<Vec<u8>>>,
}

impl Met {
    /// Visits a page again and again, on one connection for as long as the server keeps it, or on fresh ones.
    fn visit(&self, port: u16, name: &str, root: &str, keeps: bool) {
        let mut visit: Option<Visit> = None;
        while !self.stop.load(Ordering::SeqCst) {
            let was_open = visit.is_some();
            let opened = visit.take().map_or_else(|| Visit::open(port, name, root), Ok);
            let met = opened.and_then(|mut open| {
                self.certificates.lock().expect("no panic").insert(open.certificate());
                Ok((open.get("/")?, open))
            });
            match met {
                Ok((Some((200, stays)), open)) => {
                    self.pages.fetch_add(1, Ordering::SeqCst);
                    visit = Some(open).filter(|_| stays && keeps);
                }
                // HTTP lets a server close a connection between two requests; who has one asks again.
                Ok((None, _)) if was_open => drop(self.reopened.fetch_add(1, Ordering::SeqCst)),
                Ok((met, _)) => self.fail(format!("{met:?}")),
                Err(error) => self.fail(error.to_string()),
            }
        }
    }

    fn fail(&self, what: String) {
        self.failures.lock().expect("no panic").push(what);
    }
}

#[test]
#[ignore = "needs the private engine, nginx and pebble: cargo xtask test"]
fn names_are_certified_and_renewed_under_load_without_a_dropped_request() {
    let world = World::start();
    let plain = Address::local(world.gateway.http);
    for name in &NAMES[..2] {
        world.add(name);
    }
    for name in &NAMES[..2] {
        world.await_domain(name, "certified", is_certified);
        let moved = plain.request("GET", "/x?y", &[("X", "y")], "").expect("it answers");
        assert_eq!(moved.status, 308, "HTTP leads to HTTPS: {moved:?}");
    }
    // The address has followed, with the port, which is none that a URL leaves out.
    let url = format!("https://{}:{}/", NAMES[0], world.gateway.https);
    assert_eq!(text(&world.domain(NAMES[0]), "/url"), url);
    wait::until("the app's address has followed", ISSUE_LIMIT, || {
        let detail = world.gateway.server.api().detail(&world.app);
        text(&detail, "/running_info/url").starts_with(&url).then_some(())
    });
    let root = world.pebble.root().expect("it answers");
    let port = world.gateway.https;
    let certified = || [NAMES[0], NAMES[1]].map(|name| text(&world.domain(name), "/expires_at"));
    let first = certified();
    let met = Met::default();
    std::thread::scope(|scope| {
        for keeps in [true, true, true, false, false] {
            let (met, root) = (&met, &root);
            scope.spawn(move || met.visit(port, NAMES[0], root, keeps));
        }
        let renewed = wait::within(ISSUE_LIMIT, || {
            let now = certified();
            let are_served = NAMES[..2].iter().all(|name| is_certified(&world.domain(name)));
            (are_served && now.iter().zip(&first).all(|(now, first)| now != first)).then_some(())
        });
        // Until visitors have met it.
        let seen = wait::within(ISSUE_LIMIT, || (met.certificates.lock().ok()?.len() > 1).then_some(()));
        met.stop.store(true, Ordering::SeqCst);
        let now = [NAMES[0], NAMES[1]].map(|name| world.domain(name));
        assert!(renewed.is_some() && seen.is_some(), "{first:?}: {now:?}");
    });
    let (pages, reopened) = (met.pages.load(Ordering::SeqCst), met.reopened.load(Ordering::SeqCst));
    acceptance::note(&format!(
        "{pages} pages while certificates were renewed, {reopened} connections reopened"
    ));
    let failures = met.failures.into_inner().expect("no panic");
    assert!(failures.is_empty() && pages > 100, "{pages} pages, {failures:?}");
    let certificates = files(&world.gateway_dir().join("certificates"), ".pem");
    let account = world.gateway.server.data_dir().join("acme/account.json");
    for path in certificates.iter().chain([&account]) {
        assert_eq!(fs::metadata(path).expect("it is there").permissions().mode() & 0o777, 0o600, "{path:?}");
    }
}

#[test]
#[ignore = "needs the private engine, nginx and pebble: cargo xtask test"]
fn a_name_that_is_refused_says_why_and_takes_no_other_down_and_nothing_outlives_a_purge() {
    let world = World::start();
    world.pebble.point(NAMES[2], "127.0.0.3");
    world.add(NAMES[0]);
    world.add(NAMES[2]);
    let has_failed = |it: &Value| number(it, "/failed_tries") > 0 && text(it, "/site") == "served";
    let refused = world.await_domain(NAMES[2], "refused", has_failed);
    assert_eq!(text(&refused, "/reason/class"), "challenge_failed", "{refused}");
    assert_eq!((text(&refused, "/certificate"), number(&refused, "/failed_tries")), ("none".into(), 1));
    world.await_domain(NAMES[0], "certified", is_certified);
    let root = world.pebble.root().expect("it answers");
    let port = world.gateway.https;
    let met = Visit::open(port, NAMES[0], &root).and_then(|mut visit| visit.get("/"));
    assert_eq!(met.expect("it is good").map(|(status, _)| status), Some(200));
    assert!(Visit::open(port, NAMES[2], &root).is_err(), "the gateway's own certificate is not of this root");
    let sites = world.gateway_dir().join("sites");
    assert_eq!(files(&sites, ".example.conf").len(), 2);
    let api = world.gateway.server.api();
    api.call("AppUninstall", &[("app_id", &world.app), ("data", "purge")]).expect("it is accepted");
    wait::until("nothing is left of the app's names", ISSUE_LIMIT, || {
        let left = files(&sites, ".example.conf").len()
            + files(&world.gateway_dir().join("certificates"), ".pem").len();
        (left == 0).then_some(())
    });
    assert_eq!(items(&api.call("AppDomainList", &[]).expect("it answers"), ""), Vec::<Value>::new());
    assert!(Visit::open(port, NAMES[0], &root).is_err(), "nobody serves it");
}
