//! Apps as catalogs of others really have them, with the images under the names that their files ask for: Redis of
//! Websoft9, Node-RED of `CasaOS` and Runtipi, WordPress with its database of Dokploy and Coolify. WordPress of 1Panel is in
//! `catalogs`.

use std::time::Duration;

use acceptance::apps::{self, container};
use acceptance::store::{given, install, with_catalog};
use acceptance::{Server, docker, wordpress};

/// WordPress and its database on two busy cores.
const LARGE_LIMIT: Duration = Duration::from_secs(240);

const WEBSOFT9: &[(&str, &str)] = &[
    (
        "apps/redis/variables.json",
        r#"{ "name": "redis", "trademark": "Redis", "release": true,
  "edition": [{ "dist": "community", "version": ["7.0", "7"] }],
  "requirements": { "cpu": "1", "memory": "0.1", "disk": "0.1" } }"#,
    ),
    (
        "apps/redis/.env",
        "W9_DIST='community'\nW9_REPO=redis\nW9_VERSION='7'\nW9_POWER_PASSWORD='o!WO1fez4uYGVB6!'\nW9_ID='redis'\n\
         W9_LOGIN_PASSWORD=$W9_POWER_PASSWORD\nW9_DB_PORT_SET='6379'\nW9_NETWORK=websoft9\n\n\
         REDIS_PASSWORD=$W9_POWER_PASSWORD\n",
    ),
    (
        "apps/redis/docker-compose.yml",
        "services:
  redis:
    image: $W9_REPO:${W9_VERSION}
    container_name: ${W9_ID}
    restart: unless-stopped
    ports: ['${W9_DB_PORT_SET}:6379']
    env_file: .env
    volumes: ['redis:/data']
    command: redis-server --requirepass ${REDIS_PASSWORD} --bind 0.0.0.0
networks:
  default: { name: '${W9_NETWORK}', external: true }
volumes:
  redis:
",
    ),
];

const CASAOS: &[(&str, &str)] = &[(
    "Apps/NodeRED/docker-compose.yml",
    "name: node-red
services:
  node-red:
    image: nodered/node-red:3.1
    container_name: node-red
    network_mode: bridge
    restart: unless-stopped
    environment: { TZ: $TZ }
    ports: [{ target: 1880, published: '1880', protocol: tcp }]
    volumes: [{ type: bind, source: /DATA/AppData/$AppID/data, target: /data }]
x-casaos:
  architectures: [amd64, arm64]
  main: node-red
  title: { en_us: Node-RED }
  tagline: { en_us: Wires things together }
  category: Automation
  port_map: '1880'
",
)];

const RUNTIPI: &[(&str, &str)] = &[
    (
        "apps/nodered/config.json",
        r#"{ "id": "nodered", "name": "Node-RED", "tipi_version": 1, "version": "3.1", "available": true,
  "dynamic_config": true, "port": 8111, "short_desc": "Wires things together.", "categories": ["automation"],
  "supported_architectures": ["amd64", "arm64"], "form_fields": [] }"#,
    ),
    (
        "apps/nodered/docker-compose.json",
        r#"{ "schemaVersion": 2, "services": [
  { "name": "nodered", "image": "nodered/node-red:3.1", "isMain": true, "internalPort": 1880,
    "environment": [{ "key": "TZ", "value": "${TZ}" }],
    "volumes": [{ "hostPath": "${APP_DATA_DIR}/data", "containerPath": "/data" }] }
] }"#,
    ),
];

const DOKPLOY: &[(&str, &str)] = &[
    (
        "blueprints/wordpress/meta.json",
        r#"{ "id": "wordpress", "name": "WordPress", "version": "6.1", "description": "A site.", "tags": ["cms"],
  "links": { "website": "https://wordpress.org" } }"#,
    ),
    (
        "blueprints/wordpress/docker-compose.yml",
        "services:
  wordpress:
    image: wordpress:6.1
    restart: unless-stopped
    volumes: ['wp_app:/var/www/html']
    environment:
      WORDPRESS_DB_HOST: wp_db
      WORDPRESS_DB_NAME: $DB_NAME
      WORDPRESS_DB_USER: $DB_USER
      WORDPRESS_DB_PASSWORD: $DB_PASSWORD
    depends_on:
      wp_db: { condition: service_healthy }
  wp_db:
    image: mariadb:10.11
    restart: unless-stopped
    volumes: ['wp_data:/var/lib/mysql']
    environment:
      MARIADB_ROOT_PASSWORD: $DB_PASSWORD
      MARIADB_DATABASE: $DB_NAME
      MARIADB_USER: $DB_USER
      MARIADB_PASSWORD: $DB_PASSWORD
    healthcheck:
      test: [CMD, healthcheck.sh, --connect, --innodb_initialized]
      interval: 2s
      timeout: 10s
      retries: 60
volumes: { wp_app: , wp_data: }
",
    ),
    (
        "blueprints/wordpress/template.toml",
        r#"[variables]
main_domain = "${domain}"
db_password = "${password:32}"

[config]
env = ["DB_NAME=wordpress", "DB_USER=wordpress", "DB_PASSWORD=${db_password}"]

[[config.domains]]
serviceName = "wordpress"
port = 80
host = "${main_domain}"
"#,
    ),
];

const COOLIFY: &[(&str, &str)] = &[(
    "templates/compose/wordpress-with-mariadb.yaml",
    "# documentation: https://wordpress.org
# slogan: A site, with its database.
# category: cms
# tags: cms, blog

services:
  wordpress:
    image: wordpress:6
    volumes: ['wordpress-files:/var/www/html']
    environment:
      - SERVICE_URL_WORDPRESS
      - WORDPRESS_DB_HOST=mariadb
      - WORDPRESS_DB_USER=$SERVICE_USER_WORDPRESS
      - WORDPRESS_DB_PASSWORD=$SERVICE_PASSWORD_WORDPRESS
      - WORDPRESS_DB_NAME=wordpress
    depends_on: [mariadb]
  mariadb:
    image: mariadb:10.11
    volumes: ['mariadb-data:/var/lib/mysql']
    environment:
      - MARIADB_ROOT_PASSWORD=$SERVICE_PASSWORD_ROOT
      - MARIADB_DATABASE=wordpress
      - MARIADB_USER=$SERVICE_USER_WORDPRESS
      - MARIADB_PASSWORD=$SERVICE_PASSWORD_WORDPRESS
    healthcheck:
      test: [CMD, healthcheck.sh, --connect, --innodb_initialized]
      interval: 2s
      timeout: 10s
      retries: 60
",
)];

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn redis_of_websoft9_runs_in_the_version_that_is_chosen() {
    let server = with_catalog("websoft9", WEBSOFT9);
    let name = install(&server, "redis@store", "7.0");
    let redis = container(&name, "redis");
    let image = docker::docker(&["inspect", "--format", "{{.Config.Image}}", &redis]);
    assert_eq!(image, "redis:7.0");
    let password = given(&redis, "REDIS_PASSWORD");
    assert_ne!(password, "o!WO1fez4uYGVB6!", "it is made anew");
    let login = format!("REDISCLI_AUTH={password}");
    assert_eq!(docker::docker(&["exec", "--env", &login, &redis, "redis-cli", "ping"]), "PONG");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn node_red_of_casaos_and_of_runtipi_shows_its_editor() {
    for (format, files, package) in
        [("casaos", CASAOS, "node-red@store"), ("runtipi", RUNTIPI, "nodered@store")]
    {
        let server = with_catalog(format, files);
        let name = install(&server, package, "3.1");
        assert!(apps::page(&server, &name).body.contains("Node-RED"), "{format}");
        assert_eq!(docker::volumes(&name).len(), 1, "{format}: its data is a volume of its own");
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn wordpress_of_dokploy_writes_to_its_database() {
    let server = with_catalog("dokploy", DOKPLOY);
    runs_as_a_site(&server, "wordpress@store", "6.1");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn wordpress_of_coolify_writes_to_its_database() {
    let server = with_catalog("coolify", COOLIFY);
    runs_as_a_site(&server, "wordpress-with-mariadb@store", "6");
}

/// Installs it, and uses it as its first visitor.
fn runs_as_a_site(server: &Server, package: &str, version: &str) {
    let name = server.name("b");
    server.api().install(package, &name, version).expect("the install is accepted");
    server.api().await_status(&name, "30", LARGE_LIMIT);
    wordpress::set_up(server, &name);
}
