//! The types of the settings that tell by what the API is reached. Their rules are the server's.

use std::net::IpAddr;

use server::{checked_base, checked_host, checked_origin};

use super::value::TextValue;

/// What paths begin with.
#[derive(Debug)]
pub(crate) struct Base(pub(crate) String);

impl TextValue for Base {
    const FORM: &'static str = "empty for the root, or a path such as /api of letters, digits, \"-\", \"_\", \".\" and \"/\" (not below /gateway, /.appmanage, /.well-known)";

    fn parse(text: &str) -> Option<Self> {
        checked_base(text).ok().map(Self)
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// An origin whose pages may call.
#[derive(Debug)]
pub(crate) struct Origin(pub(crate) String);

impl TextValue for Origin {
    const FORM: &'static str = "an origin such as https://console.example:8443";

    fn parse(text: &str) -> Option<Self> {
        checked_origin(text).ok().map(Self)
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// A name that the server is reached by.
#[derive(Debug)]
pub(crate) struct HostName(pub(crate) String);

impl TextValue for HostName {
    const FORM: &'static str = "a host name alone such as apps.example";

    fn parse(text: &str) -> Option<Self> {
        checked_host(text).ok().map(Self)
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// A name or address that apps are reached by; IPv6 without brackets.
#[derive(Debug)]
pub(crate) struct PublicHost(pub(crate) String);

impl TextValue for PublicHost {
    const FORM: &'static str = "a host name or an address, without scheme and port";

    fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let address = bare.parse::<IpAddr>().ok().map(|address| address.to_string());
        address.or_else(|| checked_host(text).ok()).map(Self)
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}
