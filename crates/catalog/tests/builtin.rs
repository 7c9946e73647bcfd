//! The packages that ship in the server keep the promises that docs/packages.md makes for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use catalog::PackageCatalog;
use control::ports::Catalog;
use domain::Package;
use domain::package::{Speaks, Text, VariableKind};

/// Larger icons are drawings, not icons.
const ICON_LIMIT_BYTES: usize = 2048;

fn packages() -> Vec<Arc<Package>> {
    let loaded = PackageCatalog::load(None, "/nowhere");
    assert!(loaded.broken.is_empty(), "{:?}", loaded.broken);
    let entries = loaded.catalog.entries();
    entries.iter().filter_map(|entry| loaded.catalog.find(&entry.name)).collect()
}

#[test]
fn all_that_is_promised_ships_and_is_official() {
    let packages = packages();
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "datasette",
            "ghost",
            "gitea",
            "grafana",
            "hello",
            "mariadb",
            "matomo",
            "mongodb",
            "mysql",
            "n8n",
            "nextcloud",
            "nginx",
            "node-red",
            "postgres",
            "redis",
            "uptime-kuma",
            "vaultwarden",
            "wordpress",
        ]
    );
    assert!(packages.iter().all(|package| package.official));
}

#[test]
fn a_package_is_found_without_regard_to_case() {
    let catalog = PackageCatalog::load(None, "/nowhere").catalog;
    let found = catalog.find("WordPress").expect("it ships");
    assert_eq!((found.name.as_str(), found.trademark.as_str()), ("wordpress", "WordPress"));
    assert_eq!(found.version("latest"), found.versions.first());
    assert!(catalog.find("wordpres").is_none());
}

#[test]
fn every_text_is_in_both_languages() {
    let is_chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    for package in packages() {
        let labels = package.variables.iter().map(|variable| &variable.label);
        let texts: Vec<&Text> = labels.chain(package.note.as_ref()).chain([&package.description]).collect();
        for Text { zh, en } in texts {
            assert!(is_chinese(zh) && !is_chinese(en), "{}: {zh} / {en}", package.name);
        }
    }
}

#[test]
fn every_icon_is_a_small_drawing_in_one_style() {
    for package in packages() {
        let icon = &package.icon.as_ref().expect("every package has an icon").bytes;
        let svg = std::str::from_utf8(icon).expect("SVG is text");
        assert!(icon.len() < ICON_LIMIT_BYTES, "{}: {} bytes", package.name, icon.len());
        assert!(svg.contains(r#"viewBox="0 0 64 64""#), "{}", package.name);
        assert!(svg.contains(r#"<rect width="64" height="64" rx="14""#), "{}", package.name);
        for unwanted in ["href", "<text", "<image", "<style", "url("] {
            assert!(!svg.contains(unwanted), "{}: {unwanted}", package.name);
        }
    }
}

#[test]
fn every_service_comes_back_after_a_reboot() {
    for package in packages() {
        let restarts = package.compose.matches("    restart: unless-stopped\n").count();
        assert_eq!(restarts, package.services.len(), "{}", package.name);
        assert!(package.services.iter().all(|service| !service.one_shot), "{}", package.name);
    }
}

#[test]
fn every_database_has_a_generated_password_and_stays_on_the_host() {
    let engines = ["mariadb", "mongo", "mysql", "postgres", "redis"];
    for package in packages() {
        for service in &package.services {
            let Some((engine, _)) = service.image.split_once(':').filter(|(name, _)| engines.contains(name))
            else {
                continue;
            };
            let is_local = |address: std::net::IpAddr| address.is_loopback();
            assert!(service.ports.iter().all(|port| is_local(port.address)), "{}: {engine}", package.name);
            let has_secret =
                package.variables.iter().any(|variable| matches!(variable.kind, VariableKind::Secret { .. }));
            assert!(has_secret, "{}: {engine}", package.name);
        }
    }
}

#[test]
fn a_package_without_a_login_says_what_its_first_visitor_can_do() {
    for package in packages() {
        assert!(package.login.is_some() || package.note.is_some(), "{}", package.name);
    }
}

#[test]
fn requirements_are_stated_and_patience_is_bounded() {
    for package in packages() {
        let needs = package.requirements;
        assert!(needs.cpu_cores == 1 && needs.memory_bytes <= 1 << 30, "{}: {needs:?}", package.name);
        assert!(needs.memory_bytes > 0 && needs.disk_bytes > 0, "{}: {needs:?}", package.name);
        assert!((60..=600).contains(&package.patience.as_secs()), "{}", package.name);
    }
    let hello = PackageCatalog::load(None, "/nowhere").catalog.find("hello").expect("it ships");
    assert_eq!(hello.requirements.memory_bytes, 16 << 20);
}

#[test]
fn wordpress_is_read_as_it_is_written() {
    let wordpress = PackageCatalog::load(None, "/nowhere").catalog.find("wordpress").expect("it ships");
    let version = wordpress.version("6.1").expect("the suite installs it");
    let images: BTreeSet<String> =
        wordpress.services.iter().map(|service| service.image_for(&version.variables)).collect();
    assert_eq!(images, ["mariadb:10.11", "wordpress:6.1"].map(String::from).into());
    assert_eq!(wordpress.volumes, ["site", "database"]);
    assert_eq!(wordpress.networks, ["default"]);
    let main = wordpress.main.as_ref().expect("it has pages");
    assert_eq!((main.service.as_str(), main.target), ("wordpress", 80));
    assert_eq!(main.speaks, Speaks::Http { ready_path: "/".into(), path: "/".into(), tls: false });
    assert_eq!(wordpress.admin_path, "/wp-admin/");
}

#[test]
fn a_project_that_is_only_looked_at_names_its_own_folder() {
    let package = packages().remove(0);
    let project = control::example_project(&package, "192.0.2.0/24".parse().expect("a network"));
    let told = project.variables.iter().find(|(name, _)| name == "APPMANAGE_FOLDER").map(|(_, value)| value);
    let folder = project.folder.display().to_string();
    // Rendered elsewhere, the values that name it are found by it: an empty one would be found everywhere.
    assert!(!folder.is_empty());
    assert_eq!(told, Some(&domain::VariableValue::Plain(folder)));
}
