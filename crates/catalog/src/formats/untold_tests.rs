//! Which passwords nobody tells the database that they are of.

use serde_json::{Value, json};

use super::is_untold;

fn is_untold_in(services: &Value, password: &str) -> bool {
    is_untold(json!({ "services": services }).as_object().expect("a map"), password)
}

#[test]
fn a_database_that_is_not_told_a_password_takes_none() {
    let services = json!({
        "web": { "image": "a/web", "environment": ["REDIS_PASSWORD=${REDIS_PASSWORD}", "DB_PASS=$DB_PASS"] },
        "cache": { "image": "valkey/valkey:8" },
        "db": { "image": "postgres", "environment": { "POSTGRES_PASSWORD": "$DB_PASS" } },
    });
    assert!(is_untold_in(&services, "REDIS_PASSWORD"));
    assert!(!is_untold_in(&services, "DB_PASS") && !is_untold_in(&services, "APP_SECRET"));
}

#[test]
fn a_password_is_that_of_the_database_in_its_name_and_of_no_other() {
    for (image, password) in [
        ("postgis/postgis:16", "POSTGRES_PASSWORD"),
        ("mcr.example/mssql/server:2022", "DB_PASSWORD"),
        ("mcr.example/mssql/server:2022", "MSSQL_PASSWORD"),
    ] {
        let services = json!({
            "db": { "image": image, "environment": { "PASSWORD": format!("${{{password}}}") } },
            "cache": { "image": "redis:7" },
        });
        assert!(!is_untold_in(&services, password), "{password} of {image}");
    }
}

#[test]
fn a_database_is_told_by_its_command_its_health_check_and_the_whole_env_file() {
    for told in [
        json!({ "command": "dragonfly --requirepass ${REDIS_PASSWORD}" }),
        json!({ "healthcheck": { "test": ["CMD", "redis-cli", "-a", "$REDIS_PASSWORD", "ping"] } }),
        json!({ "env_file": ".env" }),
        json!({ "env_file": ["other.env", ".env"] }),
    ] {
        let mut cache = told.clone();
        cache["image"] = json!("example/dragonfly");
        let services = json!({
            "web": { "image": "a/web", "environment": ["REDIS_PASSWORD=${REDIS_PASSWORD}"] },
            "cache": cache,
            "db": { "image": "postgres" },
        });
        assert!(!is_untold_in(&services, "REDIS_PASSWORD"), "{told}");
    }
    let services = json!({
        "web": { "image": "a/web", "environment": ["P=${POSTGRES_PASSWORD}"] },
        "db": { "image": "postgres", "env_file": ".env" },
    });
    assert!(!is_untold_in(&services, "POSTGRES_PASSWORD"));
}
