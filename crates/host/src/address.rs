//! The addresses of this machine, and those of names.

use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::time::Duration;

/// How long an answer about a name may take: the system's resolver asks the next server after five seconds.
const RESOLVE_LIMIT: Duration = Duration::from_secs(8);

/// Addresses that are reserved for documentation: they lead nowhere but by the default route.
const FAR_AWAY: [(&str, &str); 2] = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];

/// The address of the default route's interface; `127.0.0.1` without one. Nothing is sent: connecting a
/// UDP socket only makes the kernel choose a route.
#[must_use]
pub fn default_public_address() -> IpAddr {
    let chosen = FAR_AWAY.iter().find_map(|(local, far_away)| {
        let socket = UdpSocket::bind(local).ok()?;
        socket.connect(far_away).ok()?;
        let address = socket.local_addr().ok()?.ip();
        (!address.is_unspecified() && !address.is_loopback()).then_some(address)
    });
    chosen.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Whether an interface of this machine has that address: only then can it be bound.
pub(crate) fn is_ours(address: IpAddr) -> bool {
    !address.is_unspecified() && UdpSocket::bind((address, 0)).is_ok()
}

/// The addresses of a name, as the system's resolver knows them.
pub(crate) async fn resolve(name: &str) -> io::Result<Vec<IpAddr>> {
    let looked_up = tokio::time::timeout(RESOLVE_LIMIT, tokio::net::lookup_host((name, 0)));
    let found = looked_up.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_address_of_this_machine() {
        let address = default_public_address();
        assert!(is_ours(address));
    }

    #[test]
    fn an_address_of_another_machine_is_not_ours() {
        assert!(is_ours(IpAddr::from([127, 0, 0, 1])) && !is_ours(IpAddr::from([192, 0, 2, 1])));
        assert!(!is_ours(IpAddr::from([0, 0, 0, 0])));
    }

    #[tokio::test]
    async fn a_name_is_resolved_and_one_that_nobody_has_is_not() {
        let addresses = resolve("localhost").await.expect("every machine knows itself");
        assert!(addresses.iter().all(IpAddr::is_loopback) && !addresses.is_empty());
        assert!(resolve("nobody.invalid").await.is_err());
    }
}
