//! What passes through the site of an app, and whose names it cannot have: a real nginx before a real app, with a
//! certificate of the gateway's own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use acceptance::apps::{INSTALL_LIMIT, done};
use acceptance::gateway::{Gateway, Nginx, bearer};
use acceptance::http::{Address, Stream};
use acceptance::json::{items, text};
use acceptance::{Hello, Setup, share, wait};
use serde_json::Value;

const NAME: &str = "one.example";

/// A name of the administrator's own site.
const SHOP: &str = "shop.example";

/// A name that the API is called by.
const API: &str = "api.example";

/// For nginx to take a change, or to refuse it, on a machine with other things to do.
const SERVE_LIMIT: Duration = Duration::from_secs(60);

/// More than nginx keeps in memory, and than it takes of a body where nobody says otherwise (1 MB).
const UPLOAD_BYTES: usize = 300 << 20;

const PIECE_BYTES: usize = 1 << 20;

struct World {
    gateway: Gateway,
    app: String,
}

impl World {
    /// A server with a gateway, and an app that runs.
    fn start() -> Self {
        let setup = Setup::default()
            .packages(&[Hello::named("page").package()])
            // Nobody is there: no certificate comes.
            .setting("acme.directory", "https://127.0.0.1:1/directory")
            .setting("network.publish", "loopback")
            .hosts(&[NAME, SHOP, API]);
        let (setup, dir) = Gateway::setup(setup);
        let nginx = Nginx::start(&dir);
        let (http, https) = (share::free_port(), share::free_port());
        let gateway = Gateway { nginx, server: setup.start(), http, https, printed: String::new() };
        let ran = gateway.init(&["--name", API]);
        assert!(ran.success, "{ran:?}");
        let app = gateway.server.name("page");
        let api = gateway.server.api();
        api.install("page", &app, "1").expect("the install is accepted");
        api.await_status(&app, "30", INSTALL_LIMIT);
        // The server began before there was a gateway: until it has tried again, it tells that there is none.
        wait::until("the server has seen the gateway", SERVE_LIMIT, || {
            gateway.server.log().contains("the gateway serves the domains of apps").then_some(())
        });
        Self { gateway, app }
    }

    fn call(&self, interface: &str, name: &str) -> Result<Value, acceptance::Refused> {
        self.gateway.server.api().call(interface, &[("app_id", &self.app), ("domain", name)])
    }

    /// Waits until nginx has taken the name, or refused it.
    fn await_site(&self, name: &str, state: &str) -> Value {
        let list = || items(&self.gateway.server.api().call("AppDomainList", &[]).expect("it answers"), "");
        let domain = || list().into_iter().find(|it| text(it, "/domain") == name).expect("it was added");
        let told = wait::within(SERVE_LIMIT, || Some(domain()).filter(|it| text(it, "/site") == state));
        told.unwrap_or_else(|| panic!("{name} is not {state}: {}", domain()))
    }

    /// Puts something of ours in the place of the app.
    fn stand_in(&self) -> StandIn {
        let detail = self.gateway.server.api().detail(&self.app);
        let port = detail.pointer("/running_info/port").and_then(Value::as_u64).expect("it runs");
        done(&self.gateway.server, "AppStop", &self.app);
        StandIn::at(SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).expect("a port"))))
    }

    /// A connection on which a request of the name's has been sent.
    fn open(&self, head: &str) -> Box<dyn Stream> {
        let mut stream = self.gateway.address().connect().expect("nginx listens");
        stream.write_all(format!("{head}Host: {NAME}\r\n\r\n").as_bytes()).expect("it is taken");
        stream
    }
}

/// What stands in the place of an app: it echoes WebSockets and counts uploads.
struct StandIn {
    /// How many bytes of an upload have come so far.
    came: Receiver<usize>,
}

impl StandIn {
    fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("the app has let go of it");
        let (sender, came) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, sender) = (stream.expect("a connection"), sender.clone());
                // A probe of the server's may hang up at any time.
                std::thread::spawn(move || answer(stream, &sender).ok());
            }
        });
        Self { came }
    }
}

fn answer(stream: TcpStream, came: &Sender<usize>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut stream) = (String::new(), stream);
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let head = head.to_ascii_lowercase();
    let mut piece = vec![0; PIECE_BYTES];
    if head.contains("\r\nupgrade: websocket\r\n") && head.contains("\r\nconnection: upgrade\r\n") {
        let switched =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
        // The first word is the server's: nobody asked for it.
        stream.write_all(format!("{switched}welcome").as_bytes())?;
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok(()),
                length => stream.write_all(&piece[..length])?,
            }
        }
    }
    let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next());
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut read = 0;
    while read < length {
        match reader.read(&mut piece)? {
            0 => return Ok(()),
            length => read += length,
        }
        came.send(read).ok();
    }
    let body = read.to_string();
    let end = format!("Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    stream.write_all(format!("HTTP/1.1 200 OK\r\n{end}").as_bytes())
}

/// Reads until that has come; what came with it.
fn read_until(stream: &mut dyn Stream, end: &str) -> String {
    let (mut read, mut piece) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&read).ends_with(end) {
        let length = stream.read(&mut piece).expect("it comes in time");
        assert_ne!(length, 0, "{end:?} never came: {:?}", String::from_utf8_lossy(&read));
        read.extend(&piece[..length]);
    }
    String::from_utf8_lossy(&read).into_owned()
}

#[test]
#[ignore = "needs the private engine and nginx: cargo xtask test"]
fn a_websocket_and_a_large_upload_go_through_to_the_app_as_they_come() {
    let world = World::start();
    world.call("AppDomainAdd", NAME).expect("it is accepted");
    world.await_site(NAME, "served");
    let app = world.stand_in();
    let mut socket = world.open(
        "GET /socket HTTP/1.1\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    );
    let switched = read_until(&mut *socket, "welcome");
    assert!(switched.starts_with("HTTP/1.1 101 "), "{switched}");
    for word in ["ping", "pong"] {
        socket.write_all(word.as_bytes()).expect("it is taken");
        assert_eq!(read_until(&mut *socket, word), word);
    }

    let mut upload = world.open(&format!("POST /upload HTTP/1.1\r\nContent-Length: {UPLOAD_BYTES}\r\n"));
    let piece = vec![b'x'; PIECE_BYTES];
    upload.write_all(&piece).expect("it is taken");
    // Before the rest is sent: nobody keeps it back until it is whole.
    let mut came = 0;
    while came < PIECE_BYTES {
        came = app.came.recv_timeout(SERVE_LIMIT).expect("the first piece comes before the rest is sent");
    }
    for _ in 1..UPLOAD_BYTES / PIECE_BYTES {
        upload.write_all(&piece).expect("it is taken");
    }
    let answer = read_until(&mut *upload, &UPLOAD_BYTES.to_string());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let kept = fs::read_dir(world.gateway.nginx.dir.join("tmp/client_body")).expect("it is there").count();
    assert_eq!(kept, 0, "nothing was stored on the way");
}

#[test]
#[ignore = "needs the private engine and nginx: cargo xtask test"]
fn a_thousand_stalled_uploads_and_slow_requests_of_one_address_shut_nobody_out() {
    const STALLED: usize = 750;
    const SLOW: usize = 250;
    /// What `limit_conn` of sites lets in.
    const LET_IN: usize = 256;
    let world = World::start();
    let status = world.gateway.run(&["status"]);
    assert!(!status.stdout.contains("advice"), "this nginx has the room that is advised: {status:?}");
    world.call("AppDomainAdd", NAME).expect("it is accepted");
    world.await_site(NAME, "served");
    let app = world.stand_in();
    let mut held: Vec<_> = Vec::new();
    for _ in 0..STALLED {
        let mut upload = world.open("POST /upload HTTP/1.1\r\nContent-Length: 1000000\r\n");
        upload.write_all(b"x").ok();
        held.push(upload);
    }
    for _ in 0..SLOW {
        let mut slow = world.gateway.address().connect().expect("nginx listens");
        slow.write_all(format!("GET / HTTP/1.1\r\nHost: {NAME}\r\nX-").as_bytes()).expect("it is taken");
        held.push(slow);
    }
    let admin = world.gateway.client(&bearer(&world.gateway.key("watcher", "read-only")));
    for _ in 0..20 {
        assert_eq!(world.gateway.address().get("/healthz").expect("nginx answers").status, 200);
        admin.call("AppList", &[]).expect("the API answers");
    }
    let refused = wait::until("those beyond the limit are told", SERVE_LIMIT, || {
        let log = world.gateway.nginx.log("appmanage-access.log");
        let refused = log.matches("\"POST /upload HTTP/1.1\" 429 ").count();
        (refused >= STALLED - LET_IN).then_some(refused)
    });
    assert_eq!(refused, STALLED - LET_IN, "and nobody else");
    drop(held);
    wait::until("there is room again", SERVE_LIMIT, || {
        let mut upload = world.open("POST /upload HTTP/1.1\r\nContent-Length: 1\r\n");
        upload.write_all(b"x").ok()?;
        let mut answer = [0; "HTTP/1.1 200".len()];
        upload.read_exact(&mut answer).ok()?;
        (&answer == b"HTTP/1.1 200").then_some(())
    });
    drop(app);
}

#[test]
#[ignore = "needs the private engine and nginx: cargo xtask test"]
fn a_name_of_another_site_stays_that_sites() {
    let world = World::start();
    let (dir, plain) = (world.gateway.nginx.dir.join("conf.d"), Address::local(world.gateway.http));
    let listen = format!("listen 127.0.0.1:{};", world.gateway.http);
    let theirs = format!("server {{ {listen} server_name {SHOP}; return 200 \"the shop\\n\"; }}\n");
    // After ours, so that ours would win.
    fs::write(dir.join("shop.conf"), theirs).expect("it can be written");
    let ran = world.gateway.run(&["apply"]);
    assert!(ran.success, "{ran:?}");
    let shop = || plain.send_raw(format!("GET / HTTP/1.0\r\nHost: {SHOP}\r\n\r\n").as_bytes());
    let is_served = || String::from_utf8_lossy(&shop().expect("nginx answers")).contains("the shop");
    assert!(is_served());

    world.call("AppDomainAdd", SHOP).expect("whose it is in nginx is not known yet");
    let refused = world.await_site(SHOP, "failed");
    assert_eq!(text(&refused, "/reason/class"), "gateway_refused", "{refused}");
    let why = text(&refused, "/reason/detail");
    assert!(why.contains("another site of this nginx has the name \"shop.example\" already"), "{why}");
    assert!(is_served());
    world.call("AppDomainAdd", NAME).expect("it is accepted");
    world.await_site(NAME, "served");
    assert_eq!(text(&world.await_site(SHOP, "failed"), "/reason/detail"), why, "it holds up no other");
    assert!(is_served());
    let ran = world.gateway.init(&["--name", SHOP]);
    assert!(!ran.success && ran.stderr.contains("another site of this nginx has the name"), "{ran:?}");
    assert!(is_served());

    world.call("AppDomainRemove", SHOP).expect("it is its");
    // A clash that was there before keeps nothing else from changing.
    let clash = format!("server {{ {listen} server_name {NAME}; return 200 \"theirs\\n\"; }}\n");
    fs::write(dir.join("shop.conf"), clash).expect("it can be written");
    let ran = world.gateway.init(&["--name", API, "--let-old-clients-in"]);
    assert!(ran.success, "{ran:?}");
    let taken = world.call("AppDomainAdd", API).expect_err("the API is called by it");
    assert_eq!(taken.code, "Param.Domain.Repeat", "{taken:?}");
}
