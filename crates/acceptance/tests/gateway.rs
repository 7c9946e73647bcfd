//! `appmanage gateway` with a real nginx: what it sets up, and what becomes of a change that goes wrong.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acceptance::gateway::{Gateway, Ran};
use acceptance::http::{Address, parse};
use acceptance::{Setup, wait};
use serde_json::Value;

fn gateway() -> Gateway {
    Gateway::start(Setup::default())
}

fn http(gateway: &Gateway) -> Address {
    Address::local(gateway.http)
}

/// A self-signed certificate and its key.
fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    certificate_until(folder, name, 2100)
}

/// One that is good until that year.
fn certificate_until(folder: &Path, name: &str, year: i32) -> (PathBuf, PathBuf) {
    let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("it is a name");
    parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
    let own_key = rcgen::KeyPair::generate().expect("it can be made");
    let made = parameters.self_signed(&own_key).expect("it can be made");
    let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    fs::write(&certificate, made.pem()).expect("it can be written");
    fs::write(&key, own_key.serialize_pem()).expect("it can be written");
    (certificate, key)
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn one_command_sets_nginx_up_and_prints_a_password_once() {
    let gateway = gateway();
    let me = fs::metadata(gateway.certificate()).expect("it is there");
    assert_eq!(me.permissions().mode() & 0o777, 0o600, "the key is root's alone");
    assert_eq!(fs::metadata(gateway.main_file()).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(gateway.admin().call("AppList", &[]), Ok(Value::Array(Vec::new())));
    assert!(!gateway.server.log().contains(&gateway.password()), "no log has it");

    // Again, it changes nothing that works: the same certificate, and no second password.
    let certificate = gateway.certificate();
    let again = gateway.init(&[]);
    assert!(again.success && !again.stdout.contains("password"), "{again:?}");
    assert_eq!(gateway.certificate(), certificate);
    assert_eq!(gateway.admin().call("AppList", &[]), Ok(Value::Array(Vec::new())));

    let status = gateway.run(&["status"]);
    assert!(status.success, "{status:?}");
    assert_eq!(status.stdout.matches("good").count(), 5, "{status:?}");
    assert!(status.stdout.contains("appmanage gateway init --name localhost --name 127.0.0.1"), "{status:?}");
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn a_certificate_of_the_gateways_own_that_has_expired_is_told_of_until_there_is_another() {
    let gateway = gateway();
    let (certificate, key) = certificate_until(gateway.server.setup.folder(), "old", 2020);
    let old = [certificate, key].map(|file| file.display().to_string());
    assert!(gateway.init(&["--certificate", &old[0], "--key", &old[1]]).success, "nginx takes it");
    let status = gateway.run(&["status"]);
    assert!(
        !status.success && status.stdout.contains("certificate    it has expired: renew it"),
        "{status:?}"
    );
    let own_certificate = || -> Value {
        let told = gateway.server.api().address.get("/doctor").expect("it answers").body;
        let told: Value = serde_json::from_str(&told).expect("it answers JSON");
        told["findings"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default()
    };
    let told = own_certificate();
    assert_eq!((&told["check"], &told["ok"]), (&"own_certificate".into(), &false.into()), "{told}");
    assert_eq!(told["found"], "2020-01-01T00:00:00Z");
    assert!(gateway.init(&[]).success && gateway.run(&["status"]).success);
    assert_eq!(own_certificate()["ok"], true);
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn a_certificate_for_the_apis_own_name_can_be_had_and_renewed_through_nginx() {
    let gateway = gateway();
    // As `certbot certonly --webroot -w /etc/nginx/appmanage/webroot` leaves it.
    let folder = gateway.nginx.dir.join("appmanage/webroot/.well-known/acme-challenge");
    fs::create_dir_all(&folder).expect("it can be made");
    fs::write(folder.join("token"), "token.thumbprint").expect("it can be written");
    let ask = |token: &str| {
        http(&gateway).get(&format!("/.well-known/acme-challenge/{token}")).expect("nginx answers")
    };
    assert_eq!((ask("token").status, ask("token").body), (200, "token.thumbprint".to_owned()));
    let other = ask("other");
    assert!(other.status == 404 && other.body.contains("with this token"), "the server's word: {other:?}");
    assert_eq!(ask("").status, 404, "what lies there is not listed");
    assert!(gateway.init(&[]).success && ask("token").status == 200, "it outlives a change");
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn whatever_the_umask_of_root_the_server_can_read_what_is_for_it_and_nobody_what_is_not() {
    let gateway = Gateway::start_without_init(Setup::default());
    let ran = gateway.init_with_umask("077");
    assert!(ran.success, "{ran:?}");
    let own = gateway.nginx.dir.join("appmanage");
    let certificate = gateway.certificate();
    for (path, mode) in [
        (own.clone(), 0o755),
        (own.join("gateway.json"), 0o644),
        (own.join("webroot"), 0o755),
        (certificate, 0o600),
        (gateway.main_file(), 0o600),
    ] {
        let found = fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(found, mode, "{} has {found:o}", path.display());
    }
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn a_file_of_somebody_elses_is_left_alone() {
    let gateway = Gateway::start_without_init(Setup::default());
    let theirs = "# mine\n";
    fs::write(gateway.main_file(), theirs).expect("it can be written");
    let ran = gateway.init(&[]);
    assert!(!ran.success && ran.stderr.contains("was not written by appmanage"), "{ran:?}");
    assert_eq!(fs::read_to_string(gateway.main_file()).expect("it is there"), theirs);
    assert!(!gateway.nginx.dir.join("appmanage/gateway.json").exists());
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn debians_own_site_is_in_nobodys_way() {
    let gateway = Gateway::start_without_init(Setup::default());
    let site = format!(
        "server {{ listen 127.0.0.1:{} default_server; server_name _; return 200 \"Welcome to nginx\"; }}\n",
        gateway.http
    );
    fs::write(gateway.nginx.dir.join("conf.d/default.conf"), site).expect("it can be written");
    let ran = gateway.init(&[]);
    assert!(ran.success, "{ran:?}");
}

/// Asserts that a change failed and that all is as before: on disk, and in nginx.
fn is_as_before(gateway: &Gateway, before: &str, ran: &Ran, words: &str) {
    assert!(!ran.success && ran.stderr.contains(words), "{words}: {ran:?}");
    let after = fs::read_to_string(gateway.main_file()).expect("it is there");
    assert_eq!(after, before, "the old file is back");
    let entries = fs::read_dir(gateway.nginx.dir.join("conf.d")).expect("it is there");
    assert_eq!(entries.count(), 1, "nothing is left beside it");
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn what_nginx_refuses_changes_nothing() {
    let gateway = gateway();
    let before = fs::read_to_string(gateway.main_file()).expect("it is there");
    let folder = gateway.server.setup.folder();
    let ((one, _), (_, other)) = (certificate(folder, "one"), certificate(folder, "other"));
    let (one, other) = (one.display().to_string(), other.display().to_string());
    let ran = gateway.init(&["--certificate", &one, "--key", &other]);
    is_as_before(&gateway, &before, &ran, "nginx refuses the configuration");
    assert!(gateway.admin().call("AppList", &[]).is_ok());

    // What only all of nginx's files together tell: another file has taken a name of ours.
    let theirs = gateway.nginx.dir.join("theirs.conf");
    let main = gateway.nginx.dir.join("nginx.conf");
    let text = fs::read_to_string(&main).expect("it is there");
    fs::write(&theirs, "upstream appmanage { server 127.0.0.1:1; }\n").expect("it can be written");
    fs::write(
        &main,
        text.replace("conf.d/*.conf;", &format!("conf.d/*.conf;\ninclude {};", theirs.display())),
    )
    .expect("it can be written");
    let ran = gateway.init(&["--let-old-clients-in"]);
    is_as_before(&gateway, &before, &ran, "nginx refuses the configuration");
    fs::write(&main, text).expect("it can be written");
    assert!(gateway.admin().call("AppList", &[]).is_ok());
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn what_does_not_work_through_nginx_is_rolled_back() {
    let mut gateway = gateway();
    let before = fs::read_to_string(gateway.main_file()).expect("it is there");
    gateway.server.stop();
    let ran = gateway.init(&["--let-old-clients-in"]);
    is_as_before(&gateway, &before, &ran, "/healthz is not good");
    assert!(ran.stderr.contains("was put back and is served"), "{ran:?}");
    gateway.server.start_without_engine();
    assert!(gateway.admin().call("AppList", &[]).is_ok(), "the old one serves");
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn what_nginx_cannot_load_is_rolled_back() {
    let mut gateway = gateway();
    let before = fs::read_to_string(gateway.main_file()).expect("it is there");
    // `nginx -t` does not mind that another program has the port; the reload does, and tells nobody.
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("some port is free");
    let good = gateway.https;
    gateway.https = taken.local_addr().expect("it is bound").port();
    let ran = gateway.init(&[]);
    gateway.https = good;
    is_as_before(&gateway, &before, &ran, "nginx goes on with its old configuration");
    assert!(gateway.admin().call("AppList", &[]).is_ok());
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn an_nginx_that_does_not_run_is_told_of() {
    let mut gateway = gateway();
    let before = fs::read_to_string(gateway.main_file()).expect("it is there");
    gateway.nginx.stop();
    let ran = gateway.init(&["--let-old-clients-in"]);
    is_as_before(&gateway, &before, &ran, "nginx was not reloaded");
    let status = gateway.run(&["status"]);
    assert!(!status.success && status.stdout.contains("nginx does not serve it"), "{status:?}");
    gateway.nginx.run();
    assert!(gateway.admin().call("AppList", &[]).is_ok());
}

/// The folder of the sites, with one that nginx does not take: it names a certificate that is gone.
fn stale_site(gateway: &Gateway) -> PathBuf {
    wait::until("the server has brought its sites", Duration::from_secs(60), || {
        gateway.server.log().contains("the gateway serves the domains of apps").then_some(())
    });
    let sites = gateway.server.data_dir().join("gateway/sites");
    let site = "server { listen 127.0.0.1:1 ssl; server_name old.example; ssl_certificate /gone.pem; ssl_certificate_key /gone.pem; }\n";
    fs::write(sites.join("old.example.conf"), site).expect("it can be written");
    sites
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn sites_of_an_older_setup_are_in_nobodys_way() {
    let mut gateway = gateway();
    let sites = stale_site(&gateway);
    // As docs/gateway.md takes it away; then with the old main file in place.
    fs::remove_file(gateway.main_file()).expect("it is there");
    fs::remove_dir_all(gateway.nginx.dir.join("appmanage")).expect("it is there");
    let ran = gateway.init(&[]);
    assert!(ran.success && ran.stdout.contains("systemctl restart appmanage"), "{ran:?}");
    assert!(!sites.join("old.example.conf").exists());
    stale_site(&gateway);
    let ran = gateway.init(&[]);
    assert!(ran.success && ran.stdout.contains("systemctl restart appmanage"), "{ran:?}");
    assert!(!gateway.init(&[]).stdout.contains("systemctl restart"), "nothing is stale any more");
    // Where the change is rolled back, they are as they were.
    stale_site(&gateway);
    gateway.server.stop();
    let ran = gateway.init(&["--let-old-clients-in"]);
    assert!(!ran.success && sites.join("old.example.conf").exists(), "{ran:?}");
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn a_change_that_mends_what_keeps_nginx_down_stays() {
    let mut gateway = gateway();
    let sites = stale_site(&gateway);
    gateway.nginx.stop();
    let own = sites.parent().expect("it lies in the gateway's folder");
    let asked = own.join("sites.asked");
    fs::create_dir_all(&asked).expect("it can be made");
    let server = format!(
        "server {{ listen 127.0.0.1:{}; server_name 0001.appmanage.invalid; return 204; }}\n",
        gateway.http
    );
    fs::write(asked.join("marker.conf"), server).expect("it can be written");
    fs::write(own.join("request"), "0001").expect("it can be written");
    let ran = gateway.run(&["apply"]);
    assert!(!ran.success && ran.stderr.contains("systemctl start nginx"), "{ran:?}");
    assert!(!sites.join("old.example.conf").exists(), "with it, nginx could not start");
    gateway.nginx.run();
    assert!(gateway.admin().call("AppList", &[]).is_ok());
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn sites_that_nginx_refuses_are_put_aside_and_the_server_is_told() {
    let gateway = gateway();
    let own = gateway.server.data_dir().join("gateway");
    // What the server itself has to bring, no sites, it has brought.
    wait::until("the server is done", Duration::from_secs(60), || {
        gateway.server.log().contains("the gateway serves the domains of apps").then_some(())
    });
    let next = own.join("sites.asked");
    let write = |site: &str, marker: &str| {
        fs::create_dir_all(&next).expect("it can be made");
        fs::write(next.join("blog.example.com.conf"), site).expect("it can be written");
        let server = format!(
            "server {{ listen 127.0.0.1:{}; server_name {marker}.appmanage.invalid; return 204; }}\n",
            gateway.http
        );
        fs::write(next.join("marker.conf"), server).expect("it can be written");
        fs::write(own.join("request"), marker).expect("it can be written");
    };
    let applied = || -> Value {
        let text = fs::read(own.join("applied.json")).expect("it was written");
        serde_json::from_slice(&text).expect("it is JSON")
    };
    let good = format!(
        "server {{ listen 127.0.0.1:{}; server_name blog.example.com; return 200 blog; }}\n",
        gateway.http
    );
    let blog = || {
        let request = "GET / HTTP/1.1\r\nHost: blog.example.com\r\nConnection: close\r\n\r\n";
        let answer = http(&gateway).send_raw(request.as_bytes()).expect("it answers");
        parse(&answer).expect("HTTP").body
    };

    write(&good, "0001");
    let ran = gateway.run(&["apply"]);
    assert!(ran.success, "{ran:?}");
    assert_eq!((&applied()["request"], &applied()["failure"]), (&"0001".into(), &Value::Null));
    assert_eq!(blog(), "blog");
    assert!(!next.exists());

    for (site, marker) in
        [("server { nonsense; }", "0002"), ("}", "0003"), (&good.replace("listen", "lsiten"), "0004")]
    {
        write(site, marker);
        let ran = gateway.run(&["apply"]);
        assert!(!ran.success && ran.stderr.contains("nginx refuses"), "{ran:?}");
        assert_eq!((&applied()["request"], &applied()["failure"]["refused"]), (&marker.into(), &true.into()));
        assert_eq!(blog(), "blog", "the old ones are served");
        assert_eq!(fs::read_to_string(own.join("sites/blog.example.com.conf")).expect("it is there"), good);
        assert!(gateway.run(&["status"]).success);
    }

    // The server is writing the next request when root comes for the last one: nobody is told that it was done.
    write("half of a si", "0006");
    fs::write(own.join("request"), "0005").expect("it can be written");
    assert!(gateway.run(&["apply"]).success);
    assert_eq!((&applied()["request"], &applied()["failure"]["refused"]), (&"0005".into(), &false.into()));
    assert_eq!(blog(), "blog");
    assert!(next.exists(), "it is left to who writes it");
}
