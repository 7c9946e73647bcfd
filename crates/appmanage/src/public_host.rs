//! The address that others most likely reach this machine by. Nothing is sent to find it out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Addresses that are reserved for documentation: whoever has a default route has one to them.
const FAR_AWAY: [(IpAddr, IpAddr); 2] = [
    (IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
    (IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))),
];

/// The address of the interface that the default route leaves by; 127.0.0.1 where there is none.
pub(crate) fn detect() -> String {
    let address = FAR_AWAY.iter().find_map(|(local, far)| source_address(*local, *far).ok());
    address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_string()
}

/// The address that packets to `far` would come from. Connecting a UDP socket only asks the routing table.
fn source_address(local: IpAddr, far: IpAddr) -> std::io::Result<IpAddr> {
    /// The port for discarding; any would do.
    const DISCARD: u16 = 9;
    let socket = UdpSocket::bind((local, 0))?;
    socket.connect((far, DISCARD))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_one_of_this_machine() {
        let address: IpAddr = detect().parse().expect("it is an address");
        assert!(!address.is_unspecified());
        assert!(UdpSocket::bind((address, 0)).is_ok(), "{address} can be bound");
    }
}
