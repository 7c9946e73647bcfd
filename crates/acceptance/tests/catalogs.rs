//! Catalogs of others, added and synced as they are written there, and an app of each format run from them.

use std::fs;
use std::time::Duration;

use acceptance::apps::{self, container};
use acceptance::json::text;
use acceptance::store::{given, install, with_catalog};
use acceptance::{docker, wordpress};

/// WordPress and its database on two busy cores.
const LARGE_LIMIT: Duration = Duration::from_secs(240);

/// A store of `CasaOS`' format: one app of two services, with a password that everybody's install would share and folders
/// that lie in each other.
const CASAOS: &[(&str, &str)] = &[(
    "Apps/Notes/docker-compose.yml",
    r#"name: notes
services:
  notes:
    image: appmanage/hello:1
    container_name: notes
    network_mode: bridge
    restart: unless-stopped
    environment:
      HELLO_MESSAGE: Notes of the store
      DB_PASSWORD: casaos
      DB_URL: postgres://notes:casaos@notes-db/notes
      PUID: $PUID
      ADDRESS: http://[YOUR_CASAOS_IP]:8085
    ports:
      - { target: 80, published: "8085", protocol: tcp }
    volumes:
      - { type: bind, source: /DATA/AppData/$AppID/data, target: /data }
    depends_on:
      notes-db: { condition: service_healthy }
  notes-db:
    image: appmanage/hello:1
    container_name: notes-db
    restart: unless-stopped
    environment:
      - POSTGRES_PASSWORD=casaos
    volumes:
      - /DATA/AppData/$AppID/data/db:/db
      - /DATA/AppData/$AppID:/all:ro
    healthcheck: { test: [CMD, /healthcheck], interval: 300ms, timeout: 5s, retries: 20 }
x-casaos:
  architectures: [amd64, arm64]
  main: notes
  title: { en_US: Notes }
  tagline: { en_US: Keeps notes, zh_CN: 记笔记 }
  category: Productivity
  port_map: "8085"
  version: "1.0"
"#,
)];

/// A store of Runtipi's format: one app with a form, a file that it ships and a second service.
const RUNTIPI: &[(&str, &str)] = &[
    (
        "apps/memos/config.json",
        r#"{ "id": "memos", "name": "Memos", "tipi_version": 1, "version": "1.0", "available": true,
  "dynamic_config": true, "port": 8086, "short_desc": "Keeps memos.", "categories": ["data"],
  "supported_architectures": ["amd64", "arm64"],
  "form_fields": [
    { "type": "random", "label": "Key", "env_variable": "MEMOS_KEY", "min": 40 },
    { "type": "text", "label": "Message", "env_variable": "MEMOS_MESSAGE", "default": "Memos of the store" }
  ] }"#,
    ),
    (
        "apps/memos/docker-compose.json",
        r#"{ "schemaVersion": 2, "services": [
  { "name": "memos", "image": "appmanage/hello:1", "isMain": true, "internalPort": 80,
    "environment": [
      { "key": "HELLO_MESSAGE", "value": "${MEMOS_MESSAGE}" },
      { "key": "KEY", "value": "${MEMOS_KEY}" },
      { "key": "URL", "value": "${APP_PROTOCOL:-http}://${APP_DOMAIN}" }
    ],
    "volumes": [
      { "hostPath": "${APP_DATA_DIR}/data/memos", "containerPath": "/data" },
      { "hostPath": "${APP_DATA_DIR}/data/memos.conf", "containerPath": "/memos.conf", "readOnly": true }
    ],
    "dependsOn": ["memos-side"] },
  { "name": "memos-side", "image": "appmanage/hello:1", "internalPort": 80 }
] }"#,
    ),
    ("apps/memos/data/memos.conf", "shipped with the app\n"),
];

/// A catalog of Dokploy's format: one app whose secret is in two services and in a file, and that publishes no port.
const DOKPLOY: &[(&str, &str)] = &[
    (
        "blueprints/board/meta.json",
        r#"{ "id": "board", "name": "Board", "version": "1", "description": "A board.", "logo": "board.svg",
  "links": { "github": "https://code.example/board" }, "tags": ["tools"] }"#,
    ),
    (
        "blueprints/board/docker-compose.yml",
        r#"version: "3.8"
services:
  board:
    image: appmanage/hello:1
    restart: unless-stopped
    ports: ["80"]
    environment:
      - HELLO_MESSAGE=${MESSAGE}
      - DB_URL=${DB_URL}
      - ADDRESS=https://${HOST}/start
    volumes:
      - ../files/board.conf:/board.conf:ro
      - ../files/plain.conf:/plain.conf:ro
      - data:/data
    depends_on: [board-db]
  board-db:
    image: appmanage/hello:1
    restart: unless-stopped
    environment: { POSTGRES_PASSWORD: "$DB_PASSWORD" }
volumes:
  data:
"#,
    ),
    (
        "blueprints/board/template.toml",
        r#"[variables]
main_domain = "${domain}"
db_password = "${password:32}"

[config]
env = [
  "HOST=${main_domain}",
  "MESSAGE=\"Board of the catalog\"",
  "DB_PASSWORD=${db_password}",
  "DB_URL=postgres://board:${db_password}@board-db/board",
]

[[config.domains]]
serviceName = "board"
port = 80
host = "${main_domain}"

[[config.mounts]]
filePath = "board.conf"
content = "password=${db_password} cost=5$\n"

[[config.mounts]]
filePath = "/plain.conf"
content = "the same for everybody\n"
"#,
    ),
];

/// A catalog of Coolify's format: one app with magic variables, a file in its compose file and a volume that it does not
/// declare.
const COOLIFY: &[(&str, &str)] = &[(
    "templates/compose/tasks.yaml",
    r#"# documentation: https://tasks.example
# slogan: Keeps tasks.
# category: productivity
# tags: tasks
# port: 80

services:
  tasks:
    image: appmanage/hello:1
    environment:
      - SERVICE_URL_TASKS_80
      - HELLO_MESSAGE=${MESSAGE:-Tasks of the catalog}
      - ADDRESS=${SERVICE_URL_TASKS}
      - DB_URL=postgres://${SERVICE_USER_POSTGRES}:${SERVICE_PASSWORD_POSTGRES}@tasks-db/tasks
    volumes:
      - tasks-data:/data
      - type: bind
        source: ./tasks.conf
        target: /tasks.conf
        content: |
          a file of the catalog
    depends_on:
      tasks-db: { condition: service_healthy }
  tasks-db:
    image: appmanage/hello:1
    environment:
      - POSTGRES_PASSWORD=${SERVICE_PASSWORD_POSTGRES}
    healthcheck: { test: [CMD, /healthcheck], interval: 300ms, timeout: 5s, retries: 20 }
"#,
)];

/// A store of 1Panel's format: a site that takes an installed database, and a version of it with another image.
const ONE_PANEL: &[(&str, &str)] = &[
    (
        "apps/site/data.yml",
        "name: 站点
additionalProperties:
  key: site
  name: Site
  tags: [Website]
  description: { en: A site, zh: 一个站点 }
  type: website
  architectures: [amd64, arm64]
",
    ),
    (
        "apps/site/6.1/data.yml",
        "additionalProperties:
  formFields:
    - { type: apps, envKey: PANEL_DB_TYPE, default: mariadb, required: true, label: { en: Database },
        values: [{ label: MySQL, value: mysql }, { label: MariaDB, value: mariadb }],
        child: { envKey: PANEL_DB_HOST, type: service, required: true } }
    - { type: text, envKey: PANEL_DB_NAME, default: site, random: true, required: true }
    - { type: text, envKey: PANEL_DB_USER, default: site, random: true, required: true }
    - { type: password, envKey: PANEL_DB_USER_PASSWORD, default: site, random: true, required: true }
    - { type: number, envKey: PANEL_APP_PORT_HTTP, default: 8087, rule: paramPort, required: true }
",
    ),
    (
        "apps/site/6.1/docker-compose.yml",
        "services:
  site:
    image: wordpress:6.1
    container_name: ${CONTAINER_NAME}
    restart: always
    ports: ['${PANEL_APP_PORT_HTTP}:80']
    networks: [1panel-network]
    volumes: ['./data:/var/www/html']
    environment:
      WORDPRESS_DB_HOST: ${PANEL_DB_HOST}:${PANEL_DB_PORT}
      WORDPRESS_DB_NAME: ${PANEL_DB_NAME}
      WORDPRESS_DB_USER: ${PANEL_DB_USER}
      WORDPRESS_DB_PASSWORD: ${PANEL_DB_USER_PASSWORD}
    labels: { createdBy: Apps }
networks:
  1panel-network: { external: true }
",
    ),
];

/// A library of Websoft9's format: one app that hands its whole `.env` to its container, a file that it ships, the name of
/// its container, a network from outside and the master password that everybody's install would share.
const WEBSOFT9: &[(&str, &str)] = &[
    (
        "apps/journal/variables.json",
        r#"{ "name": "journal", "trademark": "Journal", "release": true, "fork_url": "https://code.example/journal",
  "version_from": "https://code.example/tags", "edition": [{ "dist": "community", "version": ["2", "1"] }],
  "requirements": { "cpu": "1", "memory": "0.1", "disk": "0.1", "url": "https://code.example" } }"#,
    ),
    (
        "apps/journal/.env",
        "W9_REPO=appmanage/hello
W9_DIST='community'
W9_VERSION='2'
W9_POWER_PASSWORD='o!WO1fez4uYGVB6!'
W9_HTTP_PORT_SET='9001'
#### -- Not allowed to edit below environments when recreate app based on existing data -- ####
W9_ID='journal'
W9_HTTP_PORT=80
W9_URL='internet_ip:$W9_HTTP_PORT_SET'
W9_URL_REPLACE=true
W9_LOGIN_USER=admin
W9_LOGIN_PASSWORD=$W9_POWER_PASSWORD
W9_NETWORK=websoft9

# what the app reads
HELLO_MESSAGE=\"Journal of the library\"
JOURNAL_PASSWORD=$W9_POWER_PASSWORD
JOURNAL_ADDRESS=http://$W9_URL/start
",
    ),
    (
        "apps/journal/docker-compose.yml",
        "version: '3.8'
services:
  journal:
    image: $W9_REPO:$W9_VERSION
    container_name: $W9_ID
    restart: unless-stopped
    env_file: .env
    ports: ['$W9_HTTP_PORT_SET:80']
    volumes:
      - journal:/data
      - ./src/journal.conf:/journal.conf
volumes:
  journal:
networks:
  default: { name: $W9_NETWORK, external: true }
",
    ),
    ("apps/journal/src/journal.conf", "shipped by the library\n"),
];

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_of_websoft9_runs_with_its_env_file_line_for_line() {
    let server = with_catalog("websoft9", WEBSOFT9);
    let name = install(&server, "journal@store", "1");
    assert!(apps::page(&server, &name).body.contains("Journal of the library"));

    let journal = container(&name, "journal");
    assert_eq!((given(&journal, "W9_VERSION"), given(&journal, "W9_ID")), ("1".into(), name.clone()));
    let password = given(&journal, "W9_POWER_PASSWORD");
    assert!(password != "o!WO1fez4uYGVB6!" && password.len() >= 16, "it is made anew");
    assert_eq!(given(&journal, "JOURNAL_PASSWORD"), password);
    let port = apps::port(&server, &name);
    let address = given(&journal, "JOURNAL_ADDRESS");
    assert!(address.starts_with("http://") && address.ends_with(&format!(":{port}/start")), "{address}");
    assert_eq!(docker::docker(&["exec", &journal, "cat", "/journal.conf"]), "shipped by the library");
    assert_eq!(docker::volumes(&name).len(), 1, "its data is a volume of its own");
    let told = server.api().detail(&name);
    let login = (text(&told, "/running_info/user_name"), text(&told, "/running_info/password"));
    assert_eq!(login, ("admin".to_owned(), password));
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_of_casaos_runs_with_a_password_of_its_own() {
    let server = with_catalog("casaos", CASAOS);
    let name = install(&server, "notes@store", "1.0");
    assert!(apps::page(&server, &name).body.contains("Notes of the store"));

    let (notes, database) = (container(&name, "notes"), container(&name, "notes-db"));
    let password = given(&database, "POSTGRES_PASSWORD");
    assert!(password != "casaos" && password.len() >= 20, "it is made anew");
    assert_eq!(given(&notes, "DB_PASSWORD"), password);
    assert_eq!(given(&notes, "DB_URL"), format!("postgres://notes:{password}@notes-db/notes"));
    assert_eq!(given(&notes, "PUID"), "1000");
    let port = apps::port(&server, &name);
    assert!(given(&notes, "ADDRESS").ends_with(&format!(":{port}")), "{}", given(&notes, "ADDRESS"));

    // Each folder is a volume, and is seen in those that it lies in.
    assert_eq!(docker::volumes(&name).len(), 3, "its data is in volumes of its own");
    let file = server.data_dir().with_file_name("page");
    fs::write(&file, "a page\n").expect("it can be written");
    docker::docker(&["cp", &file.display().to_string(), &format!("{database}:/db/page")]);
    for (container, path) in [(&notes, "/data/db/page"), (&database, "/all/data/db/page")] {
        assert_eq!(docker::docker(&["exec", container, "cat", path]), "a page");
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_of_runtipi_runs_with_what_its_form_and_folder_say() {
    let server = with_catalog("runtipi", RUNTIPI);
    let name = install(&server, "memos@store", "1.0");
    assert!(apps::page(&server, &name).body.contains("Memos of the store"));

    let memos = container(&name, "memos");
    let key = given(&memos, "KEY");
    assert!(key.len() == 40 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "40 hexadecimal digits");
    let port = apps::port(&server, &name);
    assert!(given(&memos, "URL").starts_with("http://"), "{}", given(&memos, "URL"));
    assert!(given(&memos, "URL").ends_with(&format!(":{port}")), "{}", given(&memos, "URL"));
    assert_eq!(docker::docker(&["exec", &memos, "cat", "/memos.conf"]), "shipped with the app");
    assert_eq!(docker::volumes(&name).len(), 1, "its data is a volume of its own");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_of_dokploy_runs_with_one_secret_in_every_place() {
    let server = with_catalog("dokploy", DOKPLOY);
    let name = install(&server, "board@store", "1");
    assert!(apps::page(&server, &name).body.contains("Board of the catalog"));

    let board = container(&name, "board");
    let password = given(&container(&name, "board-db"), "POSTGRES_PASSWORD");
    assert_eq!(password.len(), 32);
    assert_eq!(given(&board, "DB_URL"), format!("postgres://board:{password}@board-db/board"));
    let port = apps::port(&server, &name);
    let address = given(&board, "ADDRESS");
    assert!(address.starts_with("http://") && address.ends_with(&format!(":{port}/start")), "{address}");
    let file = |path: &str| docker::docker(&["exec", &board, "cat", path]);
    assert_eq!(file("/board.conf"), format!("password={password} cost=5$"));
    assert_eq!(file("/plain.conf"), "the same for everybody");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_of_coolify_runs_with_what_its_magic_variables_say() {
    let server = with_catalog("coolify", COOLIFY);
    let name = install(&server, "tasks@store", "1");
    assert!(apps::page(&server, &name).body.contains("Tasks of the catalog"));

    let tasks = container(&name, "tasks");
    let password = given(&container(&name, "tasks-db"), "POSTGRES_PASSWORD");
    assert_eq!(password.len(), 32);
    assert_eq!(given(&tasks, "DB_URL"), format!("postgres://postgresuser:{password}@tasks-db/tasks"));
    let port = apps::port(&server, &name);
    assert!(given(&tasks, "ADDRESS").ends_with(&format!(":{port}")), "{}", given(&tasks, "ADDRESS"));
    assert_eq!(docker::docker(&["exec", &tasks, "cat", "/tasks.conf"]), "a file of the catalog");
    assert_eq!(docker::volumes(&name).len(), 1, "its data is a volume of its own");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_of_1panel_runs_with_a_database_of_its_own() {
    let server = with_catalog("1panel", ONE_PANEL);
    let name = server.name("b");
    server.api().install("site@store", &name, "6.1").expect("the install is accepted");
    server.api().await_status(&name, "30", LARGE_LIMIT);
    let password = given(&container(&name, "mariadb"), "MARIADB_PASSWORD");
    assert!(password != "site" && password.len() >= 20, "it is made anew");
    assert_eq!(given(&container(&name, "site"), "WORDPRESS_DB_PASSWORD"), password);
    assert_eq!(docker::volumes(&name).len(), 2, "its data and the database's are volumes of its own");
    // It writes to the database, and reads from it.
    wordpress::set_up(&server, &name);
}
