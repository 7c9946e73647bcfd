//! Host ports and subnets that an app has been promised.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;

/// Transport protocol of a published port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// As Docker and compose files spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A host port that belongs to one app, and the container port that it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PortReservation {
    /// Host address it is published on; `0.0.0.0` is every address.
    pub address: IpAddr,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Host port.
    pub port: u16,
    /// Compose service it leads to.
    pub service: String,
    /// Port inside the container.
    pub target: u16,
}

impl PortReservation {
    /// Whether both cannot be published at once: same protocol and port, on addresses that overlap.
    #[must_use]
    pub fn clashes_with(&self, address: IpAddr, protocol: Protocol, port: u16) -> bool {
        self.port == port && self.protocol == protocol && addresses_overlap(self.address, address)
    }

    /// Where a program on this host reaches the port.
    #[must_use]
    pub fn reachable_address(&self) -> IpAddr {
        if self.address.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { self.address }
    }
}

/// Whether a listener on one address keeps another from the same port on the other address.
/// An unspecified address covers all, of both families: Linux binds `[::]` for IPv4 too.
#[must_use]
pub fn addresses_overlap(one: IpAddr, other: IpAddr) -> bool {
    one == other || one.is_unspecified() || other.is_unspecified()
}

/// A subnet that belongs to one network of one app.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubnetReservation {
    /// The compose network's key (`default` where the package names none).
    pub network: String,
    /// The subnet, from the configured pool.
    pub subnet: Ipv4Net,
}

/// Whether the two share an address.
#[must_use]
pub fn subnets_overlap(one: &Ipv4Net, other: &Ipv4Net) -> bool {
    one.contains(&other.network()) || other.contains(&one.network())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_listener_takes_the_port_on_every_address() {
        let any: IpAddr = "0.0.0.0".parse().unwrap_or_else(|_| unreachable!());
        let any6: IpAddr = "::".parse().unwrap_or_else(|_| unreachable!());
        let local: IpAddr = "127.0.0.1".parse().unwrap_or_else(|_| unreachable!());
        let other: IpAddr = "192.0.2.1".parse().unwrap_or_else(|_| unreachable!());
        assert!(addresses_overlap(any, local) && addresses_overlap(local, any6));
        assert!(!addresses_overlap(local, other));
    }
}
