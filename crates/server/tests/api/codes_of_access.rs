//! The codes of who may call, of users and of keys: the part of `codes` that takes a gateway.

use control::ports::{AccessChange, AccessStore};
use domain::{AccountName, ApiKey, ErrorCode, Scope, Secret, Timestamp, User};
use server::ServerSettings;
use testkit::World;

use crate::client::{Api, Call};
use crate::codes::{Covered, promised, sound};

/// What who may only look, and who may not manage users, is answered.
pub(crate) async fn of_audiences(covered: &mut Covered, api: &Api) {
    let gateway = api.behind_gateway();
    for (interface, code) in promised(api).await {
        let call = match interface.as_str() {
            "/AppConfig" => Call::to("/AppConfig", &[("app_id", "one"), ("settings", "{}")]),
            other => sound(other),
        };
        if code == ErrorCode::AuthReadOnly.as_str() {
            covered.refused(&gateway, call.by("key:watch", "read-only"), ErrorCode::AuthReadOnly).await;
        } else if code == ErrorCode::AuthForbidden.as_str() {
            covered.refused(&gateway, call.clone().by("key:deploy", "full"), ErrorCode::AuthForbidden).await;
            covered.refused(&api.router, call, ErrorCode::AuthForbidden).await;
        }
    }
}

pub(crate) async fn of_accounts(covered: &mut Covered, api: &Api) {
    let gateway = api.behind_gateway();
    let access = api.running.control.access();
    access.add_user("bob", None).await.expect("added");
    access.add_key("ci", Scope::Full, None).await.expect("added");
    let long = "a".repeat(33);
    for (interface, name, code) in [
        ("/UserAdd", "bob", ErrorCode::UserRepeat),
        ("/KeyAdd", "ci", ErrorCode::KeyRepeat),
        ("/UserPassword", "nobody", ErrorCode::UserNotExis),
        ("/UserRemove", "nobody", ErrorCode::UserNotExis),
        ("/KeyRevoke", "nobody", ErrorCode::KeyNotExis),
    ] {
        for (name, code) in [
            (" ", ErrorCode::NameBlank),
            ("Alice", ErrorCode::NameFormat),
            ("\u{430}lice", ErrorCode::NameFormat),
            ("a' OR '1'='1", ErrorCode::NameFormat),
            (&long, ErrorCode::NameFormat),
            (name, code),
        ] {
            let call = Call::to(interface, &[("name", name)]).by("user:bob", "full");
            covered.refused(&gateway, call, code).await;
        }
    }
    for (interface, parameter, value, code) in [
        ("/UserAdd", "password", "short", ErrorCode::PasswordFormat),
        ("/UserPassword", "password", "line\nline\nline", ErrorCode::PasswordFormat),
        ("/KeyAdd", "scope", "FULL", ErrorCode::ScopeFormat),
        ("/KeyAdd", "days", "0", ErrorCode::DaysFormat),
        ("/KeyAdd", "days", "3651", ErrorCode::DaysFormat),
        ("/KeyAdd", "days", "forever", ErrorCode::DaysFormat),
    ] {
        let call = Call::to(interface, &[("name", "bob"), (parameter, value)]).by("user:bob", "full");
        covered.refused(&gateway, call, code).await;
    }
    for (limit, before, code) in [
        ("0", "", ErrorCode::LimitFormat),
        ("101", "", ErrorCode::LimitFormat),
        ("1", "k3v9", ErrorCode::BeforeFormat),
        ("1", "-1", ErrorCode::BeforeFormat),
    ] {
        let call = Call::to("/AppAudit", &[("limit", limit), ("before", before)]);
        covered.refused(&api.router, call, code).await;
    }
    api.world.store.set_disk_full(true);
    for (interface, name) in [
        ("/UserAdd", "eve"),
        ("/UserPassword", "bob"),
        ("/UserRemove", "bob"),
        ("/KeyAdd", "x"),
        ("/KeyRevoke", "ci"),
    ] {
        let call = Call::to(interface, &[("name", name)]).by("user:bob", "full");
        covered.refused(&gateway, call, ErrorCode::SystemError).await;
    }
    api.world.store.set_disk_full(false);
}

/// As many users and keys as there may be.
pub(crate) async fn accounts_full(covered: &mut Covered) {
    let world = World::default();
    for number in 0..200_u8 {
        let name = AccountName::parse(&format!("n{number}")).expect("a name");
        let (created_at, hash) = (Timestamp::from_millis(0), [number; 32]);
        let user = User { name: name.clone(), password_hash: Secret::default(), created_at };
        let key = ApiKey { name, hash, scope: Scope::Full, created_at, expires_at: None, last_used_at: None };
        world.store.change_accounts(&AccessChange::PutKey(key)).expect("a store in memory");
        if number < 100 {
            world.store.change_accounts(&AccessChange::PutUser(user)).expect("a store in memory");
        }
    }
    let api = Api::start_with(world, &ServerSettings::default()).await;
    let gateway = api.behind_gateway();
    for interface in ["/UserAdd", "/KeyAdd"] {
        let call = sound(interface).by("user:n1", "full");
        covered.refused(&gateway, call, ErrorCode::AccountsTooMany).await;
    }
}
