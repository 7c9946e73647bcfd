//! WordPress as its owner uses it: set up through its own pages, written to, logged in to.

use serde_json::Value;

use crate::apps;
use crate::http::{Address, form};
use crate::json::items;
use crate::server::Server;

/// Who owns the sites of the tests.
const USER: &str = "admin";
const PASSWORD: &str = "a pass phrase of the test";

/// Sets the site up, as its first visitor.
///
/// # Panics
/// It cannot be set up.
pub fn set_up(server: &Server, name: &str) {
    let address = Address::local(apps::port(server, name));
    let front = apps::page(server, name);
    let target = front.header("location").expect("it redirects to its installer").to_owned();
    assert!(target.contains("/wp-admin/install.php"), "{front:?}");
    let installer = address.get("/wp-admin/install.php?step=1").expect("it answers");
    assert!(installer.body.contains("WordPress") && installer.body.contains("Site Title"), "{installer:?}");
    let entered = form(&[
        ("weblog_title", "Acceptance"),
        ("user_name", USER),
        ("admin_password", PASSWORD),
        ("admin_password2", PASSWORD),
        ("pw_weak", "1"),
        ("admin_email", "admin@example.org"),
        ("Submit", "Install WordPress"),
    ]);
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let done = address.request("POST", "/wp-admin/install.php?step=2", &headers, &entered);
    let done = done.expect("it answers");
    assert!(done.body.contains("Success!"), "{}", done.body);
}

/// Writes a post, through the interface that writing programs use.
///
/// # Panics
/// It is not taken.
pub fn write_post(server: &Server, name: &str, title: &str) {
    let string = |text: &str| format!("<param><value><string>{text}</string></value></param>");
    let member = |name: &str, text: &str| {
        format!("<member><name>{name}</name><value><string>{text}</string></value></member>")
    };
    let post = format!("{}{}", member("post_title", title), member("post_status", "publish"));
    let call = format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>wp.newPost</methodName><params>{}{}{}\
         <param><value><struct>{post}</struct></value></param></params></methodCall>",
        string("0"),
        string(USER),
        string(PASSWORD),
    );
    let address = Address::local(apps::port(server, name));
    let answer = address.request("POST", "/xmlrpc.php", &[("Content-Type", "text/xml")], &call);
    let answer = answer.expect("it answers");
    assert!(answer.status == 200 && !answer.body.contains("<fault>"), "{answer:?}");
}

/// The titles of the posts that anybody can read.
///
/// # Panics
/// The site does not tell.
#[must_use]
pub fn posts(server: &Server, name: &str) -> Vec<String> {
    let address = Address::local(apps::port(server, name));
    let answer = address.get("/?rest_route=/wp/v2/posts").expect("it answers");
    let posts: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"));
    let title = |post: &Value| crate::json::text(post, "/title/rendered");
    items(&posts, "").iter().map(title).collect()
}

/// Whether the owner can log in, and nobody else.
///
/// # Panics
/// The site does not answer.
#[must_use]
pub fn can_log_in(server: &Server, name: &str) -> bool {
    let address = Address::local(apps::port(server, name));
    let is_in_with = |password: &str| {
        let entered = form(&[("log", USER), ("pwd", password), ("wp-submit", "Log In")]);
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = address.request("POST", "/wp-login.php", &headers, &entered).expect("it answers");
        answer.head.contains("wordpress_logged_in_")
    };
    is_in_with(PASSWORD) && !is_in_with("another")
}
