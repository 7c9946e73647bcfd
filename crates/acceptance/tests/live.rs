//! What real containers write and use: followed through restarts, and compared with what `docker` itself says.

use std::time::{Duration, Instant};

use acceptance::apps::{self, INSTALL_LIMIT, container};
use acceptance::docker::docker;
use acceptance::json::{items, number, text};
use acceptance::packages::HELLO;
use acceptance::{Follower, Hello, Package, Server, Setup, note, wait};
use serde_json::Value;

/// How long a line may take on a machine with other things to do.
const LINE_LIMIT: Duration = Duration::from_secs(20);

fn logs(server: &Server, parameters: &[(&str, &str)]) -> Vec<Value> {
    items(&server.api().call("AppLogs", parameters).expect("it answers"), "")
}

fn stats(server: &Server, name: &str) -> Value {
    server.api().call("AppStats", &[("app_id", name)]).expect("it answers")[0].clone()
}

/// The next line that holds those words.
fn await_line(follower: &mut Follower, words: &str) -> Value {
    let began = Instant::now();
    loop {
        let line = follower.next_data().unwrap_or_else(|| panic!("the stream goes on until {words:?}"));
        if text(&line, "/line").contains(words) {
            return line;
        }
        assert!(began.elapsed() < LINE_LIMIT, "{words:?} did not come, but {line}");
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn nginx_is_followed_through_a_restart_and_a_replacement() {
    let server = Setup::default().start();
    let api = server.api();
    let name = server.name("nginx");
    api.install("nginx", &name, "1.22").expect("the install is accepted");
    api.await_status(&name, "30", INSTALL_LIMIT);
    let get = |path: &str| acceptance::http::Address::local(apps::port(&server, &name)).get(path);
    get("/first").expect("nginx answers");
    let mut follower = Follower::of_logs(&api, &[("app_id", &name), ("tail", "1000")]);
    let first = await_line(&mut follower, "GET /first HTTP/1.1\" 404");
    assert_eq!((text(&first, "/service"), text(&first, "/stream")), ("nginx".into(), "stdout".into()));
    let error = logs(&server, &[("app_id", &name), ("since", &text(&first, "/time"))]);
    assert!(error.iter().all(|line| text(line, "/time") >= text(&first, "/time")), "{error:?}");
    get("/second").expect("nginx answers");
    await_line(&mut follower, "GET /second");

    docker(&["restart", &container(&name, "nginx")]);
    api.await_status(&name, "30", INSTALL_LIMIT);
    get("/after-restart").expect("nginx answers");
    await_line(&mut follower, "GET /after-restart");

    // By hand, as an upgrade of the image would: another container in its place.
    docker(&["rm", "--force", &container(&name, "nginx")]);
    api.await_status(&name, "50", INSTALL_LIMIT);
    api.call("AppStart", &[("app_id", &name)]).expect("accepted");
    wait::until("it runs again", INSTALL_LIMIT, || (api.status_or_code(&name) == "30").then_some(()));
    get("/after-replacement").expect("nginx answers");
    await_line(&mut follower, "GET /after-replacement");
    // The new container's log knows the new only.
    let there = logs(&server, &[("app_id", &name), ("tail", "10000")]);
    let holds = |words: &str| there.iter().any(|line| text(line, "/line").contains(words));
    assert!(holds("GET /after-replacement") && !holds("GET /second"), "{there:?}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn lines_of_services_are_merged_bounded_and_without_secrets() {
    let server = Setup::default().packages(&[Package::pair("pair", HELLO)]).start();
    let name = apps::install(&server, "pair", "app");
    let database = container(&name, "database");
    let secret = docker(&["exec", &database, "/bin/sh", "-c", "echo $HELLO_MESSAGE"]);
    assert!(secret.len() > 10, "{secret}");
    // Process 1 of the container is what Docker listens to.
    let say = |words: &str, to: u8| {
        docker(&["exec", &database, "/bin/sh", "-c", &format!("echo \"{words}\" >/proc/1/fd/{to}")]);
    };
    say("the secret is $HELLO_MESSAGE, for sure", 1);
    say("$(printf %020000d 7)", 2);
    let lines = wait::until("both lines are there", LINE_LIMIT, || {
        let lines = logs(&server, &[("app_id", &name), ("tail", "10000")]);
        lines.iter().any(|line| text(line, "/line").starts_with("00000")).then_some(lines)
    });
    let services: Vec<String> = lines.iter().map(|line| text(line, "/service")).collect();
    assert!(services.contains(&"web".to_owned()) && services.contains(&"database".to_owned()));
    let times: Vec<String> = lines.iter().map(|line| text(line, "/time")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let told = lines.iter().find(|line| text(line, "/line").contains("the secret is")).expect("it is told");
    assert_eq!(text(told, "/line"), "the secret is ***, for sure");
    assert!(!format!("{lines:?}").contains(&secret));
    let long = lines.iter().find(|line| text(line, "/line").starts_with("00000")).expect("it is there");
    assert_eq!(text(long, "/stream"), "stderr");
    assert!((16_000..=16 * 1024).contains(&text(long, "/line").len()), "{}", text(long, "/line").len());
    let of_web = logs(&server, &[("app_id", &name), ("service", "web"), ("tail", "2")]);
    assert!((1..=2).contains(&of_web.len()) && of_web.iter().all(|line| text(line, "/service") == "web"));
    let refused = server.api().call("AppLogs", &[("app_id", &name), ("service", "cache")]);
    let refused = refused.expect_err("there is none");
    assert_eq!(refused.code, "Param.Service.NotExis");
    assert!(refused.message.contains("database, web"), "{refused}");
}

/// What `docker stats` says of a container: percent of a core, and bytes of memory.
fn docker_stats(container: &str) -> (f64, f64) {
    let said = docker(&["stats", "--no-stream", "--format", "{{.CPUPerc}} {{.MemUsage}}", container]);
    let mut words = said.split_whitespace();
    let percent = words.next().and_then(|word| word.trim_end_matches('%').parse().ok());
    let memory = words.next().expect("memory follows");
    let unit = memory.find(char::is_alphabetic).expect("a unit");
    let factor = match &memory[unit..] {
        "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        other => panic!("{other} in {said:?}"),
    };
    (percent.expect("a percentage"), memory[..unit].parse::<f64>().expect("a number") * factor)
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
#[expect(clippy::cast_precision_loss, reason = "bytes that fit into a double")]
fn a_busy_container_is_as_busy_as_docker_says() {
    let busy = Hello::named("busy").environment("HELLO_MEMORY_MB", "30").volume();
    let server = Setup::default().packages(&[busy.package()]).start();
    let name = apps::install(&server, "busy", "app");
    let web = container(&name, "web");
    docker(&["exec", "--detach", &web, "/bin/sh", "-c", "while :; do :; done"]);
    docker(&["exec", &web, "/bin/sh", "-c", "dd if=/dev/zero of=/data/large bs=1M count=3"]);
    let began = Instant::now();
    let first = stats(&server, &name);
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(!text(&first, "/sampled_at").is_empty(), "{first}");
    // Other tests want the processor, too: both look over two seconds, so nearly at the same.
    let close = wait::within(Duration::from_secs(60), || {
        let ours = stats(&server, &name);
        let (percent, memory) = docker_stats(&web);
        let ours_after = stats(&server, &name);
        let told = |value: &Value| value["cpu_percent"].as_f64().expect("a number");
        let bytes = number(&ours, "/memory_bytes") as f64;
        note(&format!(
            "{} and {} %, docker {percent} %; {bytes} bytes, docker {memory}",
            told(&ours),
            told(&ours_after)
        ));
        let near = |ours: f64| (ours - percent).abs() <= percent * 0.25;
        let is_close = (near(told(&ours)) || near(told(&ours_after))) && percent > 5.0;
        (is_close && (bytes - memory).abs() < 2e6).then_some(())
    });
    assert!(close.is_some(), "not close to what docker says: see above");
    let now = stats(&server, &name);
    assert!(number(&now, "/memory_bytes") > 30 << 20, "{now}");
    assert!(number(&now, "/memory_limit_bytes") > number(&now, "/memory_bytes"), "{now}");
    assert_eq!(text(&now, "/services/0/service"), "web");
    assert!(number(&now, "/volumes_bytes") >= 3 << 20, "{now}");

    docker(&["stop", "--time", "1", &web]);
    server.api().await_status(&name, "40", INSTALL_LIMIT);
    let idle = wait::until("it uses nothing", Duration::from_secs(20), || {
        let stats = stats(&server, &name);
        (number(&stats, "/memory_bytes") == 0).then_some(stats)
    });
    assert_eq!((&idle["cpu_percent"], number(&idle, "/network_received_bytes")), (&0.0.into(), 0), "{idle}");
    assert!(number(&idle, "/volumes_bytes") >= 3 << 20, "a stopped app's data is still there: {idle}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_follower_that_hangs_up_leaves_no_connection_to_the_engine() {
    let server = Setup::default().packages(&[Package::pair("pair", HELLO)]).start();
    let name = apps::install(&server, "pair", "app");
    let sockets = || {
        let files = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("it runs");
        let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    };
    // Its looks at the engine come and go: the fewest are what it holds.
    let least = || (0..50).map(|_| sockets()).min().unwrap_or_default();
    let before = least();
    let mut followers: Vec<Follower> =
        (0..5).map(|_| Follower::of_logs(&server.api(), &[("app_id", &name), ("tail", "1")])).collect();
    for follower in &mut followers {
        follower.next_data().expect("it has written something");
    }
    wait::until("two containers and a client for each", LINE_LIMIT, || {
        (least() >= before + 15).then_some(())
    });
    drop(followers);
    wait::until("all are let go", LINE_LIMIT, || (least() <= before).then_some(()));
}
