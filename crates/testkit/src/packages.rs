//! Packages for tests: one small, one with a database.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::package::{
    MainPort, PackageLogin, PackageVersion, PublishedPort, Requirements, SecretShape, Service, Speaks, Text,
    Variable, VariableKind,
};
use domain::{Package, PackageName, Protocol};

/// One service on port 8080.
#[must_use]
pub fn hello() -> Package {
    Package {
        name: "hello".to_owned(),
        catalog: PackageName::BUILT_IN.to_owned(),
        fingerprint: None,
        trademark: "Hello".to_owned(),
        description: text("你好", "Says hello"),
        categories: vec!["test".to_owned()],
        website: None,
        architectures: Vec::new(),
        official: true,
        versions: vec![version("2"), version("1")],
        requirements: Requirements { cpu_cores: 1, memory_bytes: 16 << 20, disk_bytes: 10 << 20 },
        variables: Vec::new(),
        services: vec![service("web", "hello", Some((8080, 80)))],
        volumes: Vec::new(),
        networks: vec!["default".to_owned()],
        main: Some(http("web", 80)),
        patience: Duration::from_secs(60),
        admin_path: String::new(),
        login: None,
        note: None,
        compose: "services: {}\n".to_owned(),
        env: None,
        files: Vec::new(),
        env_files: Vec::new(),
        icon: None,
    }
}

/// A web service and its database, with a volume each, a generated password and two variables with defaults. It reads
/// its own address.
#[must_use]
pub fn blog() -> Package {
    Package {
        name: "Blog".to_owned(),
        catalog: PackageName::LOCAL.to_owned(),
        trademark: "The Blog".to_owned(),
        official: false,
        variables: vec![
            variable(
                "DB_PASSWORD",
                VariableKind::Secret { shape: SecretShape::Standard },
                text("数据库密码", "Database password"),
            ),
            variable(
                "TITLE",
                VariableKind::Text { default: Some("A blog".to_owned()) },
                text("标题", "Title"),
            ),
            variable(
                "POSTS",
                VariableKind::Number { default: Some(10) },
                text("每页文章数", "Posts on a page"),
            ),
        ],
        services: vec![service("db", "db", None), service("web", "blog", Some((8081, 80)))],
        volumes: vec!["data".to_owned(), "files".to_owned()],
        requirements: Requirements { cpu_cores: 1, memory_bytes: 512 << 20, disk_bytes: 1 << 30 },
        admin_path: "/admin".to_owned(),
        compose: "services: { web: { environment: { URL: \"${APPMANAGE_URL}\" } } }\n".to_owned(),
        login: Some(PackageLogin {
            user_name: "admin".to_owned(),
            user_variable: None,
            password_variable: Some("DB_PASSWORD".to_owned()),
            password: String::new(),
        }),
        ..hello()
    }
}

/// A package that asks for more than packages may.
#[must_use]
pub fn greedy() -> Package {
    Package {
        name: "greedy".to_owned(),
        catalog: PackageName::LOCAL.to_owned(),
        trademark: "Greedy".to_owned(),
        description: text("想要一切", "Wants it all"),
        official: false,
        ..hello()
    }
}

fn variable(name: &str, kind: VariableKind, label: Text) -> Variable {
    Variable { name: name.to_owned(), kind, label }
}

fn version(name: &str) -> PackageVersion {
    PackageVersion { name: name.to_owned(), variables: BTreeMap::new() }
}

fn text(zh: &str, en: &str) -> Text {
    Text { zh: zh.to_owned(), en: en.to_owned() }
}

fn http(service: &str, target: u16) -> MainPort {
    let speaks = Speaks::Http { ready_path: "/".to_owned(), path: "/".to_owned(), tls: false };
    MainPort { service: service.to_owned(), target, speaks }
}

fn service(name: &str, image: &str, port: Option<(u16, u16)>) -> Service {
    let published = |(hint, target)| PublishedPort {
        address: PublishedPort::EVERYWHERE,
        hint: Some(hint),
        target,
        protocol: Protocol::Tcp,
    };
    Service {
        name: name.to_owned(),
        image: image.to_owned(),
        ports: port.map(published).into_iter().collect(),
        one_shot: false,
        has_logging: false,
    }
}
