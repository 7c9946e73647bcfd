//! What is the same for apps of all catalogs, by small compose files.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::block::TextBlock;
use crate::formats::document::read_mapping;

fn draft(compose: &str) -> Draft {
    let file = PackagedFile { bytes: b"text".to_vec(), is_executable: false };
    Draft {
        name: "My App!".to_owned(),
        block: Block {
            description: TextBlock { zh: String::new(), en: "An app".to_owned() },
            ..Block::default()
        },
        compose: read_mapping("compose", compose).expect("the test writes YAML"),
        files: [("conf/app.ini".to_owned(), file)].into(),
        values: [("AppID".to_owned(), "app".to_owned())].into(),
        data_prefixes: vec!["/DATA/$AppID".to_owned(), "../files".to_owned()],
        ..Draft::default()
    }
}

fn finished(draft: Draft) -> (Value, Translation) {
    let translation = draft.finish().expect("it is translated");
    let document = Value::Object(read_mapping("compose.yaml", &translation.compose).expect("it is YAML"));
    (document, translation)
}

fn service(compose: &str) -> Value {
    finished(draft(compose)).0["services"]["a"].clone()
}

#[test]
fn services_of_which_there_are_none_are_left_out_and_those_never_restarted_end() {
    let (document, translation) = finished(draft(
        "services: { a: { image: b, environment: { X: '${COPIES:-0}' }, depends_on: [none] },
         none: { image: c, deploy: { replicas: '${COPIES}' } }, zero: { image: c, scale: 0 },
         once: { image: d, deploy: { replicas: 1, restart_policy: { condition: none } } },
         a-bootstrap: { image: e, restart: 'on-failure:3' }, worker: { image: f, restart: on-failure } }",
    ));
    let services = document["services"].as_object().expect("a map");
    assert_eq!(services.keys().collect::<Vec<_>>(), ["a", "once", "a-bootstrap", "worker"]);
    assert_eq!(document["x-appmanage"]["one_shot"], json!(["a-bootstrap", "once"]));
    assert!(translation.remarks.iter().any(|remark| remark.starts_with("zero is left out")));
}

#[test]
fn the_apps_own_env_is_mounted_as_it_is_for_this_install() {
    let mut own = draft("services: { a: { image: b, env_file: .env, volumes: ['.env:/app/.env', 'd:/d'] } }");
    own.env = Some("KEY_SECRET=sample-of-all\nURL=http://u:$KEY_SECRET@x\nTEXT='a b'\na.b=c$$d\n".to_owned());
    let sample = PackagedFile { bytes: b"KEY_SECRET=sample-of-all".to_vec(), is_executable: false };
    own.files.insert(".env".to_owned(), sample);
    let (document, translation) = finished(own);
    assert!(translation.files.is_empty(), "{:?}", translation.files);
    let service = &document["services"]["a"];
    assert_eq!(service["volumes"], json!(["d:/d"]));
    assert_eq!(service["configs"], json!([{ "source": "own-env", "target": "/app/.env" }]));
    let content = "KEY_SECRET=${KEY_SECRET}\nTEXT='${TEXT}'\nURL=${URL}\na.b=c$$d\n";
    assert_eq!(document["configs"]["own-env"]["content"], content);
    assert_eq!(document["x-appmanage"]["variables"][0]["kind"], "secret");
}

#[test]
fn a_command_takes_what_its_container_is_told() {
    let found = service(
        "services: { a: { image: b, environment: { ROOT: '${DB_PASSWORD:-x}', SELF: '${SELF}', TOP: plain },
         command: ['-p${ROOT}', '$TOP', '${SELF}', '${OTHER:-y}'],
         entrypoint: [sh, -c, \"A=1\\n B=$A$$C\\nD=$D\"] } }",
    );
    assert_eq!(found["command"], json!(["-p${DB_PASSWORD}", "plain", "${SELF}", "${OTHER}"]));
    assert_eq!(found["entrypoint"][2], "A=1\n B=$${A}$$C\nD=${D}");
}

#[test]
fn the_network_mode_that_a_variable_tells_is_none_where_it_is_the_ordinary_one() {
    let mut chosen = draft(
        "services: { a: { image: b, network_mode: '${MODE}' }, h: { image: c, network_mode: '$HOST' } }",
    );
    chosen.values.extend(
        [("MODE", "bridge"), ("HOST", "host")].map(|(name, mode)| (name.to_owned(), mode.to_owned())),
    );
    let services = &finished(chosen).0["services"];
    assert_eq!(
        (&services["a"]["network_mode"], &services["h"]["network_mode"]),
        (&Value::Null, &json!("host"))
    );
}

#[test]
fn a_volume_in_the_place_of_the_clock_is_left_out() {
    let found = service("services: { a: { image: b, volumes: ['clock:/etc/localtime:ro', 'data:/data'] } }");
    assert_eq!(found["volumes"], json!(["data:/data"]));
}

#[test]
fn the_hosts_port_may_be_told_by_another_use_of_its_variable() {
    let found = service(
        "services: { a: { image: b, ports: ['${PORT}:5672'], environment: { P: '${PORT:-5672}' } } }",
    );
    assert_eq!(found["ports"], json!(["5672:5672"]));
}

#[test]
fn data_lies_in_volumes_and_what_is_shipped_in_files() {
    let found = service(
        "services: { a: { image: b, volumes: ['./data:/data', '/DATA/$AppID/db:/db:rw', ./conf/app.ini:/app.ini:ro,
         ../files/more:/more:z, ./no.yaml:/no.yaml, ./x.db:/x.db, named/one:/named, /anonymous,
         '${SOMEWHERE}:/some', /srv/host:/host:ro, ./data/inner:/data/inner,
         { type: bind, source: ./long, target: /long, read_only: true }] } }",
    );
    let expected = json!([
        "data:/data",
        "db:/db",
        "./files/conf/app.ini:/app.ini:ro",
        "more:/more",
        "./files/x.db:/x.db",
        "named-one:/named",
        "a-anonymous:/anonymous",
        "SOMEWHERE:/some",
        "/srv/host:/host:ro",
        "long:/long:ro",
    ]);
    assert_eq!(found["volumes"], expected);
}

#[test]
fn a_shipped_path_within_another_that_is_mounted_is_brought_twice() {
    let compose = "services: { a: { image: b, volumes: ['./conf:/conf', './conf/app.ini:/conf/app.ini'] },
        db: { image: c, volumes: ['./conf/app.ini:/app.ini'] } }";
    let (document, translation) = finished(draft(compose));
    assert_eq!(document["services"]["a"]["volumes"], json!(["./files/conf:/conf"]));
    assert_eq!(document["services"]["db"]["volumes"], json!(["./files/conf-app.ini:/app.ini"]));
    assert_eq!(translation.files.keys().collect::<Vec<_>>(), ["conf-app.ini", "conf/app.ini"]);
}

#[test]
fn folders_in_each_other_are_volumes_that_show_each_other() {
    let compose = "services: { a: { image: b, volumes: ['./data:/work/', './data/pages:/work/pages', 'own:/work/db/log'] },
        reader: { image: b, volumes: ['./data:/work:ro'] }, file: { image: b, volumes: ['./data/x.db:/x.db'] },
        db: { image: c, volumes: ['./data/db:/var/db'] }, log: { image: c, volumes: ['./data/db/log:/log'] },
        pages: { image: c, volumes: ['./data/pages:/pages'] } }";
    let (document, translation) = finished(draft(compose));
    let of = |service: &str| document["services"][service]["volumes"].clone();
    let db = "data-db:/work/db:nocopy";
    let (file, pages) = ("./files/data-x.db:/work/x.db", "data-pages:/work/pages:nocopy");
    assert_eq!(of("a"), json!(["data:/work/", db, pages, file, "own:/work/db/log"]));
    let in_reader =
        ["data-db:/work/db:nocopy", "data-db-log:/work/db/log:ro,nocopy", "data-pages:/work/pages:ro,nocopy"];
    assert_eq!(of("reader").as_array().expect("a list")[0], "data:/work");
    assert_eq!(of("reader").as_array().expect("a list")[1..4], in_reader.map(Value::from));
    assert_eq!(of("db"), json!(["data-db:/var/db", "data-db-log:/var/db/log:nocopy"]));
    assert_eq!((of("log"), of("pages")), (json!(["data-db-log:/log"]), json!(["data-pages:/pages"])));
    let volumes = document["volumes"].as_object().expect("they are declared");
    assert_eq!(volumes.keys().collect::<Vec<_>>(), ["data", "data-db", "data-db-log", "data-pages", "own"]);
    assert!(translation.remarks[0].starts_with("reader may write to /work"), "{:?}", translation.remarks);
}

#[test]
fn a_folder_in_one_that_is_only_read_can_be_written_to() {
    let compose = "services: { a: { image: b, volumes: ['./conf:/conf:ro', './conf/keys:/conf/keys'] },
        db: { image: c, volumes: ['./conf/keys:/keys', './conf:/all'] } }";
    let (document, translation) = finished(draft(compose));
    let of = |service: &str| document["services"][service]["volumes"].clone();
    assert_eq!(of("a"), json!(["./files/conf:/conf", "conf-keys:/conf/keys"]));
    assert_eq!(of("db"), json!(["conf-keys:/keys", "./files/conf:/all", "conf-keys:/all/keys:nocopy"]));
    assert!(translation.remarks[0].starts_with("a may write to /conf"), "{:?}", translation.remarks);
}

#[test]
fn folders_in_each_other_are_shown_in_bounds() {
    let of = |number: usize| format!("s{number}: {{ image: b, volumes: ['.:/all', './{number}:/own'] }}");
    let services: Vec<String> = (0..60).map(of).collect();
    let (_, translation) = finished(draft(&format!("services: {{ {} }}", services.join(", "))));
    assert_eq!(translation.compose.matches(":nocopy").count(), 100);
    assert!(translation.remarks.iter().any(|remark| remark.contains("more than 100")));
}

#[test]
fn what_prepares_with_the_image_of_another_ends_when_it_has_done_so() {
    let compose = "services:
  a: { image: 'b:1', restart: always }
  create-site: { image: 'b:1', restart: unless-stopped, command: make }
  a-seed: { image: 'b:1', restart: always, command: join }
  init-watch: { image: 'c:1', restart: always, command: watch }
";
    let (document, _) = finished(draft(compose));
    assert_eq!(document["x-appmanage"]["one_shot"], json!(["create-site"]));
    assert_eq!(document["services"]["create-site"]["restart"], "on-failure");
    assert_eq!(document["services"]["a-seed"]["restart"], "always");
}

#[test]
fn a_variable_may_hold_a_whole_line_of_an_environment() {
    let compose = "services: { a: { image: b, environment: ['${OPTIONS}', OTHER] } }";
    let values = [("OPTIONS".to_owned(), "JAVA_OPTS=-Xmx1g -Da=b".to_owned())].into();
    let (document, _) = finished(Draft { values, ..draft(compose) });
    assert_eq!(document["services"]["a"]["environment"], json!({ "JAVA_OPTS": "-Xmx1g -Da=b" }));
}

#[test]
fn ports_are_plain_and_the_web_pages_port_is_published() {
    let compose = "services: { a: { image: b, environment: { HERE: '${PORT}' }, ports: ['${PORT:-8080}:80',
        '127.0.0.1:5432:5432', '10.0.0.1:53:53/udp', 6000-6001:7000-7001, 1-999:1-999, 80, '5:6/sctp',
        { target: 90, published: '91' }] }, web: { image: c, expose: [3000] } }";
    let web = Web {
        service: None,
        port: WebPort::Target(3000),
        hint: None,
        path: "x".to_owned(),
        is_http: true,
        tls: false,
    };
    let (document, translation) = finished(Draft { web: Some(web), ..draft(compose) });
    let expected = json!(["8080:80", "127.0.0.1:5432:5432", "53:53/udp", "6000:7000", "6001:7001", "91:90"]);
    assert_eq!(document["services"]["a"]["ports"], expected);
    assert_eq!(document["services"]["web"]["ports"], json!(["3000:3000"]));
    assert_eq!(document["x-appmanage"]["main"]["http"]["path"], "/x");
    let port = &document["x-appmanage"]["variables"][0];
    assert_eq!(
        (&port["name"], &port["kind"], &port["of"]["port"]),
        (&json!("PORT"), &json!("port"), &json!(80))
    );
    assert_eq!(translation.remarks.len(), 2, "{:?}", translation.remarks);
}

#[test]
fn a_port_whose_number_nobody_tells_gets_one_of_ours() {
    let compose = "services: { a: { image: b, ports: ['${WEB}:80', '${PEER}:${PEER}', '${PEER}:${PEER}/udp',
        '${NOBODY}:${NOBODY}', '${RPC:-9091}:${RPC:-9091}', '${OTHER:?}:${OTHER:?}', 7000-7032:7000-7032],
        environment: [PEER, 'RPC=${RPC:-9091}', 'HERE=${WEB}', 'OTHER=$OTHER'] } }";
    let (document, translation) = finished(draft(compose));
    let service = &document["services"]["a"];
    let expected = json!(["80", "20000:20000", "20000:20000/udp", "9091:9091", "20001:20001"]);
    assert_eq!(service["ports"], expected);
    let expected = json!({ "PEER": "20000", "RPC": "9091", "HERE": "${WEB}", "OTHER": "20001" });
    assert_eq!(service["environment"], expected);
    let variables = document["x-appmanage"]["variables"].as_array().expect("there are some");
    let told: Vec<_> = variables.iter().map(|variable| (&variable["name"], &variable["kind"])).collect();
    assert_eq!(told, [(&json!("WEB"), &json!("port"))]);
    let remarks = translation.remarks.join("\n");
    assert!(remarks.contains("NOBODY") && remarks.contains("7000-7032 are more than the 32"), "{remarks}");
    assert_eq!(translation.remarks.len(), 2, "{remarks}");
}

#[test]
fn variables_are_offered_with_their_defaults() {
    let compose = "services: { a: { image: 'b:${TAG:-1.5}', env_file: [.env], environment: [
        'A=${A:-one}', 'B=${B}', 'C=${C:?say}', 'D=${D:-x}${D:-y}', 'E=${E:-${A}!}', 'F=${F:+set}', 'G=5$$ $(x)',
        'H=${COMPOSE_PROJECT_NAME}', 'I=${APP_SECRET}', 'K=${K:+set}', 'HOME=${HOME:-/root}', 'AppID=$AppID', BARE, L] } }";
    let env = "K=1\nL=\nCOMPOSE_FILE=x\n".to_owned();
    let (document, translation) = finished(Draft { env: Some(env), ..draft(compose) });
    let service = &document["services"]["a"];
    assert_eq!(service["image"], "b:1.5");
    let expected = json!({ "A": "${A}", "B": "${B}", "C": "${C}", "D": "xy", "E": "${A}!", "F": "", "G": "5$$ $$(x)",
        "H": "${APPMANAGE_APP_ID}", "I": "${APP_SECRET}", "K": "set", "HOME": "/root", "AppID": "app", "L": "${L}" });
    assert_eq!(service["environment"], expected);
    let variables = document["x-appmanage"]["variables"].as_array().expect("there are some");
    let told: Vec<String> = variables
        .iter()
        .map(|v| format!("{} {} {} {}", v["name"], v["kind"], v["default"], v["optional"]))
        .collect();
    let expected = [
        r#""A" "text" "one" null"#,
        r#""APP_SECRET" "secret" null null"#,
        r#""B" "text" null true"#,
        r#""C" "text" null null"#,
    ];
    assert_eq!(told, expected);
    assert_eq!(translation.env.as_deref(), Some("K=1\nL=\n"));
    assert_eq!(
        (translation.name.as_str(), &document["x-appmanage"]["versions"][0]["name"]),
        ("my-app", &json!("1.5"))
    );
}

#[test]
fn services_keep_what_a_package_may_have_and_find_each_other() {
    let compose = "version: '3'
name: old
x-extra: 1
services:
  a: { image: b, container_name: app_main, build: ., scale: 2, x-y: 1, exclude_from_hc: true, networks: [proxy, inner],
       labels: [traefik.enable=true, keep=1], depends_on: { db: { condition: service_healthy }, off: {} },
       environment: { DB: 'app_db:5432' }, network_mode: bridge }
  db: { image: c, container_name: app_db, restart: 'no', networks: { inner: { ipv4_address: 10.0.0.2 } } }
  off: { image: d, profiles: [debug] }
networks: { proxy: { external: true }, inner: { driver: bridge, ipam: {} } }
";
    let (document, translation) = finished(draft(compose));
    let expected = json!({
        "a": { "image": "b", "labels": ["keep=1"], "depends_on": { "db": { "condition": "service_healthy" } },
            "environment": { "DB": "app_db:5432" }, "restart": "unless-stopped", "networks": { "inner": null } },
        "db": { "image": "c", "restart": "no", "networks": { "inner": { "aliases": ["app_db"] } } },
    });
    assert_eq!(document["services"], expected);
    assert_eq!(document["networks"], json!({ "inner": {} }));
    assert_eq!(document["x-appmanage"]["one_shot"], json!(["db"]));
    assert_eq!(document.get("name"), None);
    assert_eq!(translation.remarks.len(), 3, "{:?}", translation.remarks);
}

#[test]
fn sample_secrets_are_made_anew_in_env_and_in_addresses() {
    let compose = "services: { a: { image: b, env_file: .env }, db: { image: c, environment: { PGPASSWORD: hunter2two } } }";
    let env =
        "DB_PASSWORD=hunter2two\nURL=postgres://u:hunter2two@db/x\nUSER=app\nTOKEN_FILE=/x\n".to_owned();
    let (document, translation) = finished(Draft { env: Some(env), ..draft(compose) });
    assert_eq!(document["services"]["db"]["environment"]["PGPASSWORD"], "${DB_PASSWORD}");
    let variables = &document["x-appmanage"]["variables"];
    assert_eq!((&variables[0]["name"], &variables[0]["kind"]), (&json!("DB_PASSWORD"), &json!("secret")));
    assert_eq!(
        (&variables[1]["name"], &variables[1]["value"]),
        (&json!("URL"), &json!("postgres://u:${DB_PASSWORD}@db/x"))
    );
    assert!(!translation.env.expect("it has one").starts_with("DB_PASSWORD=hunter"));
}

fn any_compose() -> impl Strategy<Value = Value> {
    let text = "(\\$|\\{|\\}|:-|:|/|\\.|A|b|PASSWORD|8|,|-| ){0,12}|\\./[a-c/]{0,5}:/[a-c/]{0,5}|[1-9]{1,5}:[1-9]{1,5}";
    let leaf = prop_oneof![
        4 => text.prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let keys = "image|volumes|ports|environment|networks|depends_on|env_file|labels|command|A_PASSWORD|source|target|deploy";
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// `finish` reads back what it wrote: a package comes out, or a reason.
    #[test]
    fn whatever_a_compose_file_holds_it_becomes_a_package_or_a_reason(
        service in prop::collection::btree_map(
            "volumes|ports|environment|networks|depends_on|env_file|labels|command|secrets|network_mode", any_compose(), 0..5),
        top in prop::collection::btree_map("volumes|networks|configs|secrets|x-a", any_compose(), 0..3),
        env in "([A-C]|=|\\$|'|\"|\n|\\{|\\}|#| |PASSWORD){0,30}",
    ) {
        let mut service: Map<String, Value> = service.into_iter().collect();
        service.insert("image".to_owned(), json!("b:${A:-1}"));
        let mut compose: Map<String, Value> = top.into_iter().collect();
        compose.insert("services".to_owned(), json!({ "a": service, "b": { "image": "c" } }));
        drop(Draft { compose, env: Some(env), ..draft("{}") }.finish());
    }
}
