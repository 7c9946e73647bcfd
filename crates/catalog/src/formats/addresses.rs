//! The addresses that apps are told they have. Catalogs give a name and write `https://` before it; ours are whole: the
//! scheme and the port are the server's to say.

use std::collections::BTreeMap;

use crate::formats::interpolation::{EXPRESSION_LIMIT_BYTES, Otherwise, Part, parse};

/// How one of an app's ports is reached, as texts with built-in variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    url: String,
    authority: String,
    /// What is reached otherwise where a path follows: the longest path first.
    below: Vec<(String, Address)>,
}

/// The name or address alone: the same for every port.
pub(super) const HOST: &str = "${APPMANAGE_HOST}";

impl Address {
    /// Of the app's own port.
    pub(super) fn main() -> Self {
        Self::of("${APPMANAGE_URL}".to_owned(), "${APPMANAGE_AUTHORITY}".to_owned())
    }

    /// Of another port, which that variable tells.
    pub(super) fn of_port(variable: &str) -> Self {
        let authority = format!("{HOST}:${{{variable}}}");
        Self::of(format!("http://{authority}"), authority)
    }

    const fn of(url: String, authority: String) -> Self {
        Self { url, authority, below: Vec::new() }
    }

    /// The same, but for what lies below that path.
    pub(super) fn with_below(mut self, path: &str, address: Self) -> Self {
        self.below.push((format!("/{}", path.trim_matches('/')), address));
        self.below.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        self
    }

    /// The whole address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Writes the name of a host behind `text`, before `rest`: the whole address where a URL begins, name and port
    /// where one is in the middle, the name alone elsewhere.
    pub(super) fn write(&self, text: &mut String, rest: &str) {
        let is_below = |path: &str| {
            let after = rest.strip_prefix(path);
            after
                .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || "-_.~%".contains(c)))
        };
        if let Some((_, address)) = self.below.iter().find(|(path, _)| is_below(path)) {
            return address.write(text, rest);
        }
        let has_port = rest
            .strip_prefix(':')
            .is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit() || c == '$'));
        if has_port {
            text.push_str(HOST);
        } else if let Some(length) = before_scheme(text) {
            text.truncate(length);
            text.push_str(&self.url);
        } else if text.ends_with("//") || (rest.starts_with('/') && !text.ends_with(['.', '-', '@', '/'])) {
            text.push_str(&self.authority);
        } else {
            text.push_str(HOST);
        }
    }
}

/// Where `https://`, `http://` or a variable for either begins that a text ends with.
fn before_scheme(text: &str) -> Option<usize> {
    let before = text.strip_suffix("://")?;
    if let Some(before) = ["https", "http"].into_iter().find_map(|scheme| before.strip_suffix(scheme)) {
        return Some(before.len());
    }
    let start = before.rfind('$')?;
    let parts = parse(&before[start..]);
    let [Part::Use(used)] = parts.as_slice() else { return None };
    let is_called_so = ["SCHEME", "PROTO", "PROTOCOL"].iter().any(|word| used.name.ends_with(word));
    let is_http = match &used.otherwise {
        Otherwise::Default { text, .. } => {
            matches!(text.as_slice(), [Part::Text(text)] if text == "https" || text == "http")
        }
        _ => is_called_so && !used.name.contains("WS"),
    };
    is_http.then_some(start)
}

/// A text of a compose file, in which a variable of `hosts` behind `://` became the address that it means. All others
/// stay as they are.
pub(super) fn settle(text: &str, hosts: &BTreeMap<String, Address>) -> String {
    let (mut settled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(index) = rest.find("://$") {
        let (before, after) = rest.split_at(index + "://".len());
        settled.push_str(before);
        let length = expression_length(after);
        let (expression, after_it) = after.split_at(length);
        let address = match parse(expression).as_slice() {
            [Part::Use(used)] => hosts.get(&used.name),
            _ => None,
        };
        match address {
            Some(address) => address.write(&mut settled, after_it),
            None => settled.push_str(expression),
        }
        rest = after_it;
    }
    settled.push_str(rest);
    settled
}

/// The length of `$NAME` or `${…}` at the beginning of a text; of the `$` alone, where it is neither.
fn expression_length(text: &str) -> usize {
    if text.starts_with("${") {
        let mut open = 0_usize;
        for (index, byte) in text.bytes().enumerate().take(EXPRESSION_LIMIT_BYTES) {
            match byte {
                b'{' => open += 1,
                b'}' if open == 1 => return index + 1,
                b'}' => open -= 1,
                _ => {}
            }
        }
        return 1;
    }
    1 + text[1..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_url_takes_the_whole_address_and_all_else_the_name() {
        let hosts = BTreeMap::from([
            ("HOST".to_owned(), Address::main()),
            ("API".to_owned(), Address::of_port("API_PORT")),
            ("BOTH".to_owned(), Address::main().with_below("/api/", Address::of_port("API_PORT"))),
        ]);
        for (text, expected) in [
            ("https://${HOST}/x", "${APPMANAGE_URL}/x"),
            ("http://$HOST", "${APPMANAGE_URL}"),
            ("a=https://${HOST:-localhost},https://$OTHER", "a=${APPMANAGE_URL},https://$OTHER"),
            ("https://${HOST}:8443/", "https://${APPMANAGE_HOST}:8443/"),
            ("wss://${API}/live", "wss://${APPMANAGE_HOST}:${API_PORT}/live"),
            ("https://$API", "http://${APPMANAGE_HOST}:${API_PORT}"),
            ("${HOST} and postgres://${USER}@db", "${HOST} and postgres://${USER}@db"),
            ("${SCHEME:-https}://${HOST}/x", "${APPMANAGE_URL}/x"),
            ("a $PUBLIC_PROTOCOL://$API", "a http://${APPMANAGE_HOST}:${API_PORT}"),
            ("${WS_SCHEME}://$HOST/", "${WS_SCHEME}://${APPMANAGE_AUTHORITY}/"),
            ("https://${BOTH}/api/v1", "http://${APPMANAGE_HOST}:${API_PORT}/api/v1"),
            ("wss://$BOTH/api?x", "wss://${APPMANAGE_HOST}:${API_PORT}/api?x"),
            ("https://$BOTH/apis https://$BOTH", "${APPMANAGE_URL}/apis ${APPMANAGE_URL}"),
            ("https://${HOST", "https://${HOST"),
            ("https://$", "https://$"),
        ] {
            assert_eq!(settle(text, &hosts), expected, "{text}");
        }
        let mut path = "/etc/live/".to_owned();
        Address::main().write(&mut path, "/key.pem");
        assert_eq!(path, "/etc/live/${APPMANAGE_HOST}", "a folder called like the host");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(://|\\$|\\{|\\}|HOST|https|:|/|8|é){0,40}") {
            let hosts = BTreeMap::from([("HOST".to_owned(), Address::main())]);
            drop(settle(&text, &hosts));
        }
    }
}
