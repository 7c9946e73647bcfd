//! Templates of `deploy/nginx`, and the one way to fill them.

use crate::value::Value;

pub(crate) const APPMANAGE: &str = include_str!("../../../deploy/nginx/appmanage.conf");
pub(crate) const EVERY_SERVER: &str = include_str!("../../../deploy/nginx/every_server.conf");
pub(crate) const LIMITS: &str = include_str!("../../../deploy/nginx/limits.conf");
pub(crate) const MARKER: &str = include_str!("../../../deploy/nginx/marker.conf");
pub(crate) const OLD_CLIENTS: &str = include_str!("../../../deploy/nginx/old_clients.conf");
pub(crate) const OLD_CLIENT_HEADERS: &str = include_str!("../../../deploy/nginx/old_client_headers.conf");
pub(crate) const SERVER_HEADERS: &str = include_str!("../../../deploy/nginx/server_headers.conf");
pub(crate) const SITE: &str = include_str!("../../../deploy/nginx/site.conf");

/// Puts a value in place of each `{{name}}`. Lines of a value are indented as its first is. What a value holds is never
/// looked at: it can bring in no name of its own.
pub(crate) fn fill(template: &'static str, values: &[(&str, Value)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("templates are ours, and tests fill each of them");
        let (_, value) = values
            .iter()
            .find(|(known, _)| *known == name)
            .expect("templates are ours, and tests fill each of them");
        filled.push_str(before);
        let line = filled.rsplit('\n').next().unwrap_or_default();
        let indentation: String = line.chars().take_while(|c| *c == ' ').collect();
        filled.push_str(&value.text().trim_end().replace('\n', &format!("\n{indentation}")));
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_once_and_lines_are_indented() {
        let values = [("a", Value::own("x {{b}}\ny\n")), ("b", Value::own("1"))];
        assert_eq!(
            fill("top {\n    {{a}}\n    {{b}};\n}\n", &values),
            "top {\n    x {{b}}\n    y\n    1;\n}\n"
        );
    }
}
