//! The address that other machines reach this one by, most likely.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_address_of_this_machine() {
        let address = default_public_address();
        UdpSocket::bind((address, 0)).expect("an address of this machine can be bound");
    }
}
