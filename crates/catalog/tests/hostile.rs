//! What a hostile or careless catalog can do to its reader: nothing but be refused. Each app here would take minutes, all
//! memory or the whole stack if nothing bounded it; what it may take is measured in shares of what an ordinary app of the
//! largest size takes, byte for byte, in time of the processor, so that a busy machine makes no difference.

#![expect(clippy::print_stdout, reason = "figures, for people")]
#![expect(clippy::cast_precision_loss, reason = "files are small")]

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use catalog::formats::{Format, Tree};

/// How much longer than the largest ordinary app any other may take: what would not end takes more than any number.
const RATIO_MAX: f64 = 12.0;
/// What one app may add to the memory of the process at its worst, in bytes.
const MEMORY_MAX_BYTES: u64 = 100 << 20;

/// An app by its compose file (without what a format wants besides) and its `.env`.
struct App {
    called: &'static str,
    compose: String,
    env: String,
}

fn app(called: &'static str, compose: impl Into<String>) -> App {
    App { called, compose: compose.into(), env: String::new() }
}

/// One line of a text for each number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|number| line(number) + "\n").collect()
}

/// An app with one service, whose body that is.
fn service(body: &str) -> String {
    format!("services:\n  web:\n    image: example/app:1\n{body}")
}

/// As large as an app may be, and ordinary.
fn ordinary() -> App {
    let entries = lines(1_500, |number| format!("      SETTING_{number}: 'the value of setting {number}'"));
    let compose = service(&format!("    ports: ['8080:80']\n    environment:\n{entries}"));
    App { called: "ordinary", compose, env: lines(200, |number| format!("LINE_{number}='a value {number}'")) }
}

/// Lines each of which names the one before a hundred times.
fn tower(first: &str) -> String {
    let line = |number: usize| match number {
        0 => format!("A0={first}"),
        _ => format!("A{number}={}", format!("${{A{}}}", number - 1).repeat(100)),
    };
    lines(13, line)
}

/// An app whose services are these lines.
fn services(count: usize, line: impl Fn(usize) -> String) -> String {
    format!("services:\n{}", lines(count, line))
}

/// What any format may be given.
fn of_every_format() -> Vec<App> {
    [lines_of_env(), shapes_of_yaml(), many_services(), large_services()].into_iter().flatten().collect()
}

fn lines_of_env() -> Vec<App> {
    let names = "    container_name: '${A12}x'\n    environment: { B: '${A12}', PASSWORD: '${A11}' }\n";
    let two = format!("{}  other: {{ image: 'example/other:${{A12}}' }}\n", service(names));
    let many = lines(20_000, |number| format!("A{number}=1"));
    vec![
        App { called: "a tower of empty lines", compose: two.clone(), env: tower("") },
        App { called: "a tower of lines", compose: two, env: tower("1") },
        App { called: "lines that are none", compose: service(""), env: "!\n".repeat(120_000) },
        App { called: "lines of .env", compose: service(""), env: many },
    ]
}

fn shapes_of_yaml() -> Vec<App> {
    let aliases = lines(60, |n| format!("a{}: &a{} [*a{n}, *a{n}]", n + 1, n + 1));
    let (wide, uses) = ("x".repeat(100_000), "*a, ".repeat(190));
    let keys = (0..3_000).map(|n| format!("k{n}: 1, ")).collect::<String>();
    let merged = services(190, |n| format!("  s{n}: {{ <<: *a, image: 'a:1' }}"));
    let (name, entry) = ("s".repeat(900), "E".repeat(900));
    vec![
        app("nesting", format!("services: {}", "[".repeat(100_000))),
        app("aliases of aliases", format!("a0: &a0 [x, x]\n{aliases}services: {{}}\n")),
        app("wide aliases", format!("x-a: &a {wide}\nx-b: [{uses}]\n{}", service(""))),
        app("merged maps", format!("x-a: &a {{ {keys} }}\n{merged}")),
        app(
            "a long name",
            format!("services:\n  {name}:\n    image: a:1\n    environment: {{ {entry}: 1 }}\n"),
        ),
    ]
}

fn many_services() -> Vec<App> {
    let secret = |n: usize| (0..20).map(|m| format!("PASSWORD_{m}: secret-{n}-{m}, ")).collect::<String>();
    let others = (0..90).map(|m| format!("s{m}, ")).collect::<String>();
    let called = "c0 ".repeat(350);
    vec![
        app("services", services(6_000, |n| format!("  s{n}: {{ image: 'a:1', container_name: c{n} }}"))),
        app(
            "container names",
            services(190, |n| {
                format!("  s{n}: {{ image: 'a:1', container_name: c{n}, command: '{called}' }}")
            }),
        ),
        app(
            "secrets",
            services(150, |n| format!("  s{n}: {{ image: 'a:1', environment: {{ {} }} }}", secret(n))),
        ),
        app("dependencies", services(90, |n| format!("  s{n}: {{ image: 'a:1', depends_on: [{others}] }}"))),
    ]
}

fn large_services() -> Vec<App> {
    let entry = |value: &str| service(&format!("    environment:\n      A_URL: \"{value}\"\n"));
    let command = |text: &str| {
        service(&format!("    environment: {{ PASSWORD: s3cr3t-0 }}\n    command: \"{text}\"\n"))
    };
    let list = |key: &str, lines: String| service(&format!("    {key}:\n{lines}"));
    let nested = |depth: usize| "a/".repeat(depth);
    let range = |n: usize| format!("      - '{0}-{1}:{0}-{1}'", 1_000 + n * 32, 1_031 + n * 32);
    vec![
        app("keys", list("environment", lines(20_000, |n| format!("      A{n}: b")))),
        app("one secret everywhere", command(&"s3cr3t-0 ".repeat(25_000))),
        app("one secret nowhere", command(&"_s3cr3t-0x".repeat(20_000))),
        app("ports", list("ports", lines(190, range))),
        app("mounts", list("volumes", lines(290, |n| format!("      - './{}:/{}'", nested(n), nested(n))))),
        app("many mounts", list("volumes", lines(9_000, |n| format!("      - './a{n}:/a{n}'")))),
        app("variables without end", entry(&"${A:-".repeat(3_000))),
        app("addresses without end", entry(&"http://${".repeat(1_700))),
        app("braces without end", command(&"${A:-".repeat(48_000))),
        app("places for addresses", entry(&format!("{}{}", "<".repeat(8_000), "<ip>".repeat(1_900)))),
    ]
}

/// Writes a catalog of that format with that app.
fn write(format: Format, root: &Path, app: &App) {
    let App { compose, env, .. } = app;
    let put = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    match format {
        Format::Own => {
            let block = "x-appmanage:\n  trademark: A\n  description: { zh: a, en: a }\n  categories: [a]\n  \
                         versions: [{ name: '1' }]\n";
            put("good/compose.yaml", &format!("{block}{}", service("")));
            put("evil/compose.yaml", &format!("{block}{compose}"));
            put("evil/.env", env);
        }
        Format::Websoft9 => {
            put(
                "apps/evil/variables.json",
                r#"{ "name": "evil", "edition": [{ "dist": "community", "version": ["1"] }] }"#,
            );
            put("apps/evil/docker-compose.yml", compose);
            put(
                "apps/evil/.env",
                &format!("W9_ID=evil\nW9_HTTP_PORT_SET=80\nW9_URL=x:$W9_HTTP_PORT_SET\n{env}"),
            );
        }
        Format::OnePanel => {
            put(
                "apps/evil/data.yml",
                "additionalProperties: { key: evil, name: Evil, tags: [Tool], type: tool }\n",
            );
            put("apps/evil/1/data.yml", "additionalProperties: { formFields: [] }\n");
            put("apps/evil/1/docker-compose.yml", compose);
            put("apps/evil/1/.env", env);
        }
        Format::Runtipi => {
            let config = r#"{ "id": "evil", "tipi_version": 1, "version": "1", "dynamic_config": false }"#;
            put("apps/evil/config.json", &config.replace("\"tipi", "\n\"tipi"));
            put("apps/evil/docker-compose.yml", compose);
        }
        Format::Dokploy => {
            put("blueprints/evil/meta.json", r#"{ "id": "evil", "name": "Evil" }"#);
            put("blueprints/evil/docker-compose.yml", compose);
            let quoted: String = env.lines().map(|line| format!("  '''{line}''',\n")).collect();
            put("blueprints/evil/template.toml", &format!("[config]\nenv = [\n{quoted}]\n"));
        }
        Format::CasaOs => {
            put(
                "Apps/Evil/docker-compose.yml",
                &format!("{compose}x-casaos:\n  main: web\n  title: {{ en_us: Evil }}\n"),
            );
        }
        Format::Coolify => {
            put("templates/service-templates-latest.json", "{}");
            put("templates/compose/evil.yaml", compose);
        }
    }
}

/// What this thread has had of the processor.
fn processor_time() -> Duration {
    let times = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    Duration::from_nanos(times.split(' ').next().and_then(|time| time.parse().ok()).expect("a number"))
}

/// A figure of this process's memory, in bytes.
fn memory_bytes(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("it is told");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

/// Reads the app of a catalog as `catalog check` and a sync do. Returns the time, the memory at its worst and what came of it.
fn read(format: Format, root: &Path) -> Read {
    // From here on the worst is counted anew.
    fs::write("/proc/self/clear_refs", "5").expect("a process may");
    let (before, began) = (memory_bytes("VmRSS:"), processor_time());
    let tree = Tree::new(root);
    let mut told = String::new();
    for app in format.apps(&tree).expect("there is one").into_iter().filter(|app| app != "good") {
        for (_, translated) in format.translate(&tree, &app) {
            told = match translated.map(|translation| translation.package().map(drop)) {
                Ok(Ok(())) => "a package".to_owned(),
                Ok(Err(broken)) => broken.reason.to_string(),
                Err(error) => error.to_string(),
            };
        }
    }
    assert!(!told.is_empty(), "{}: nothing is read", format.as_str());
    let (time, memory) = (processor_time() - began, memory_bytes("VmHWM:").saturating_sub(before));
    Read { time, memory, bytes: bytes_below(root), told }
}

fn bytes_below(path: &Path) -> u64 {
    let found = fs::metadata(path).expect("it is there");
    if found.is_file() {
        return found.len();
    }
    fs::read_dir(path).expect("a folder").flatten().map(|entry| bytes_below(&entry.path())).sum()
}

struct Read {
    time: Duration,
    memory: u64,
    bytes: u64,
    told: String,
}

/// Adds to a catalog what only its format can have.
type More = fn(&Path);

/// The catalogs that only one format can have.
fn of_one_format() -> Vec<(Format, &'static str, More)> {
    vec![
        (Format::Websoft9, "editions", |root| {
            let edition = r#"{ "dist": "x" }, "#.repeat(2_000);
            let text = format!(r#"{{ "edition": [{edition}{{ "dist": "community" }}] }}"#);
            fs::write(root.join("apps/evil/variables.json"), text).expect("written");
            fs::write(root.join("apps/evil/docker-compose-x.yml"), service("")).expect("written");
        }),
        (Format::Websoft9, "large files", |root| {
            for number in 0..100 {
                let file = File::create(root.join(format!("apps/evil/film{number}"))).expect("made");
                // Full of holes: it takes no room on the disk.
                file.set_len(4 << 20).expect("it is as long as that");
            }
        }),
        (Format::Dokploy, "one text in every line", |root| {
            let lines = lines(1_900, |number| format!("  \"K{number}=${{a}}\","));
            let text = format!("[variables]\na = \"{}\"\n[config]\nenv = [\n{lines}]\n", "x".repeat(200_000));
            fs::write(root.join("blueprints/evil/template.toml"), text).expect("written");
        }),
        (Format::Dokploy, "variables of variables", |root| {
            let variables = lines(13, |n| format!("a{n} = \"{}\"", format!("${{a{}}}", n + 1).repeat(100)));
            let text = format!("[variables]\n{variables}a13 = \"\"\n[config]\nenv = [\"A=${{a0}}\"]\n");
            fs::write(root.join("blueprints/evil/template.toml"), text).expect("written");
        }),
        (Format::OnePanel, "versions", |root| {
            for number in 2..60 {
                let folder = root.join(format!("apps/evil/{number}"));
                fs::create_dir(&folder).expect("made");
                let text = ordinary().compose + &format!("x-version: {number}\n");
                fs::write(folder.join("docker-compose.yml"), text).expect("written");
            }
        }),
        (Format::OnePanel, "databases", |root| {
            let field = "{ type: apps, envKey: T, values: [{ value: mysql }], required: true, child: { envKey: H_HOST, type: service } }";
            let fields = lines(1_500, |_| format!("    - {field}"));
            let text = format!("additionalProperties:\n  formFields:\n{fields}");
            fs::write(root.join("apps/evil/1/data.yml"), text).expect("written");
        }),
        (Format::Coolify, "magic variables", |root| {
            let entries = lines(3_900, |number| format!("      - A{number}=${{SERVICE_URL_A{number}_80}}"));
            let text = service(&format!("    environment:\n{entries}"));
            fs::write(root.join("templates/compose/evil.yaml"), text).expect("written");
        }),
    ]
}

struct Measured {
    worst: (f64, String),
    largest_bytes: (u64, String),
}

impl Measured {
    fn take(&mut self, called: &str, (ordinary, of_bytes): (Duration, u64), read: Read) {
        let Read { time, memory, bytes, told } = read;
        let size = (bytes as f64 / of_bytes as f64).max(1.0);
        let ratio = time.as_secs_f64() / ordinary.as_secs_f64() / size;
        let told: String = told.chars().take(100).collect();
        println!("{called}: {ratio:.1} ({} ms), {} MB: {told}", time.as_millis(), memory >> 20);
        if ratio > self.worst.0 {
            self.worst = (ratio, called.to_owned());
        }
        if memory > self.largest_bytes.0 {
            self.largest_bytes = (memory, called.to_owned());
        }
    }
}

#[test]
fn no_app_takes_its_reader_long_or_much_memory() {
    let mut measured = Measured { worst: (0.0, String::new()), largest_bytes: (0, String::new()) };
    for format in Format::ALL {
        let name = format.as_str();
        let in_folder = |app: &App, more: Option<More>| {
            let folder = tempfile::tempdir().expect("a folder");
            write(format, folder.path(), app);
            more.inspect(|more| more(folder.path()));
            read(format, folder.path())
        };
        let first = in_folder(&ordinary(), None);
        let of_ordinary = (first.time, first.bytes);
        measured.take(&format!("{name}: ordinary"), of_ordinary, in_folder(&ordinary(), None));
        for app in of_every_format() {
            measured.take(&format!("{name}: {}", app.called), of_ordinary, in_folder(&app, None));
        }
        for (_, called, more) in of_one_format().into_iter().filter(|(of, ..)| *of == format) {
            measured.take(
                &format!("{name}: {called}"),
                of_ordinary,
                in_folder(&app("", service("")), Some(more)),
            );
        }
    }
    let Measured { worst, largest_bytes } = measured;
    assert!(worst.0 < RATIO_MAX, "{} takes {} times as long as an ordinary app", worst.1, worst.0);
    assert!(largest_bytes.0 < MEMORY_MAX_BYTES, "{} takes {} MB", largest_bytes.1, largest_bytes.0 >> 20);
}
