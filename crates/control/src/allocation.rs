//! Chooses host ports and subnets that nobody has. Pure: what is taken is a parameter.

use std::net::IpAddr;

use domain::network::{addresses_overlap, subnets_overlap};
use domain::package::PublishedPort;
use domain::{PortReservation, Protocol};
use ipnet::Ipv4Net;

/// A host port that somebody has: an app, a container or a listener.
pub(crate) type TakenPort = (IpAddr, Protocol, u16);

/// The ports that may be given where a package's hint is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortRange {
    pub(crate) first: u16,
    pub(crate) last: u16,
}

/// Chooses a host port for one published port: the hint if it is free, else the next free one after it,
/// else any free one of the range.
pub(crate) fn choose_port(
    service: &str,
    wanted: &PublishedPort,
    range: PortRange,
    taken: &[TakenPort],
    can_bind: impl Fn(IpAddr, Protocol, u16) -> bool,
) -> Option<PortReservation> {
    let is_free = |port: &u16| {
        is_free((wanted.address, wanted.protocol, *port), taken)
            && can_bind(wanted.address, wanted.protocol, *port)
    };
    // Below 1024 only the hint itself is tried: the ports after 80 belong to other services.
    let after_hint = wanted.hint.into_iter().flat_map(|hint| {
        let last = if hint < 1024 { hint } else { hint.saturating_add(PORTS_TRIED_AFTER_HINT) };
        hint..=last
    });
    let port = after_hint.chain(range.first..=range.last).find(is_free)?;
    Some(PortReservation {
        address: wanted.address,
        protocol: wanted.protocol,
        port,
        service: service.to_owned(),
        target: wanted.target,
    })
}

/// Whether none of those is that port.
pub(crate) fn is_free((address, protocol, port): TakenPort, taken: &[TakenPort]) -> bool {
    let clash = |(other_address, other_protocol, other): &TakenPort| {
        *other == port && *other_protocol == protocol && addresses_overlap(*other_address, address)
    };
    !taken.iter().any(clash)
}

/// How far from its hint a port is looked for: keeps 3306, 3307, 3308 … recognisable.
const PORTS_TRIED_AFTER_HINT: u16 = 100;

/// Chooses one subnet of `prefix` bits from `pool` that overlaps none of `taken`.
pub(crate) fn choose_subnet(pool: &Ipv4Net, prefix: u8, taken: &[Ipv4Net]) -> Option<Ipv4Net> {
    let mut candidates = pool.subnets(prefix).ok()?;
    candidates.find(|candidate| !taken.iter().any(|other| subnets_overlap(candidate, other)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn wanted(hint: Option<u16>) -> PublishedPort {
        PublishedPort { address: PublishedPort::EVERYWHERE, hint, target: 80, protocol: Protocol::Tcp }
    }

    fn chosen(hint: Option<u16>, taken: &[TakenPort]) -> Option<u16> {
        let range = PortRange { first: 20_000, last: 20_002 };
        choose_port("web", &wanted(hint), range, taken, |_, _, port| port != 8081).map(|r| r.port)
    }

    #[test]
    fn the_hint_is_taken_if_free_else_the_next_free_port() {
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(chosen(Some(8080), &[]), Some(8080));
        // 8081 cannot be bound.
        assert_eq!(chosen(Some(8080), &[(local, Protocol::Tcp, 8080)]), Some(8082));
        assert_eq!(chosen(Some(8080), &[(local, Protocol::Udp, 8080)]), Some(8080));
        assert_eq!(chosen(Some(80), &[(local, Protocol::Tcp, 80)]), Some(20_000));
        assert_eq!(chosen(None, &[(local, Protocol::Tcp, 20_000)]), Some(20_001));
    }

    #[test]
    fn no_free_port_is_none() {
        let any = PublishedPort::EVERYWHERE;
        let all: Vec<TakenPort> = (20_000..=20_002).map(|port| (any, Protocol::Tcp, port)).collect();
        assert_eq!(chosen(None, &all), None);
    }

    #[test]
    fn subnets_avoid_everything_taken() {
        let pool: Ipv4Net = "10.0.0.0/25".parse().unwrap();
        let first: Ipv4Net = "10.0.0.0/27".parse().unwrap();
        let wide: Ipv4Net = "10.0.0.0/26".parse().unwrap();
        assert_eq!(choose_subnet(&pool, 27, &[]), Some(first));
        assert_eq!(choose_subnet(&pool, 27, &[wide]), Some("10.0.0.64/27".parse().unwrap()));
        assert_eq!(choose_subnet(&pool, 27, &["10.0.0.0/8".parse().unwrap()]), None);
    }
}
