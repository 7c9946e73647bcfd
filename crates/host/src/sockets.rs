//! Ports in use: as the kernel lists them, and by trying.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use control::ports::Listener;
use domain::Protocol;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};

/// The kernel's number for a TCP socket that listens.
const TCP_LISTEN: &str = "0A";

/// All bound ports. UDP knows no listening: every bound socket counts.
pub(crate) fn listeners() -> io::Result<Vec<Listener>> {
    let mut found = Vec::new();
    for (file, protocol) in [
        ("/proc/net/tcp", Protocol::Tcp),
        ("/proc/net/tcp6", Protocol::Tcp),
        ("/proc/net/udp", Protocol::Udp),
        ("/proc/net/udp6", Protocol::Udp),
    ] {
        match std::fs::read_to_string(file) {
            Ok(table) => found.extend(parse(&table, protocol).ok_or_else(|| crate::strange(file))?),
            // A machine without IPv6 has no such file.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The local address is the second column, the state the fourth.
fn parse(table: &str, protocol: Protocol) -> Option<Vec<Listener>> {
    let mut listeners = Vec::new();
    for line in table.lines().skip(1) {
        let mut columns = line.split_whitespace();
        let (local, state) = (columns.nth(1)?, columns.nth(1)?);
        let (address, port) = local.split_once(':')?;
        let listener = Listener {
            address: parse_address(address)?,
            protocol,
            port: u16::from_str_radix(port, 16).ok()?,
        };
        if listener.port != 0 && (protocol == Protocol::Udp || state == TCP_LISTEN) {
            listeners.push(listener);
        }
    }
    Some(listeners)
}

/// Words of 32 bits in hexadecimal, each with its least byte first.
fn parse_address(text: &str) -> Option<IpAddr> {
    let word = |index: usize| {
        let digits = text.get(8 * index..8 * (index + 1))?;
        Some(u32::from_str_radix(digits, 16).ok()?.swap_bytes())
    };
    if text.len() == 8 {
        return Some(IpAddr::V4(Ipv4Addr::from(word(0)?)));
    }
    let bits = (0..4).try_fold(0_u128, |bits, index| Some(bits << 32 | u128::from(word(index)?)))?;
    // A socket of IPv6 that serves one address of IPv4.
    Some(IpAddr::V6(Ipv6Addr::from_bits(bits)).to_canonical())
}

/// Whether that port can be bound. Every address means: of both families, as Docker publishes it.
pub(crate) fn can_bind(address: IpAddr, protocol: Protocol, port: u16) -> bool {
    let unspecified = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let addresses = if address.is_unspecified() { &unspecified[..] } else { &[address] };
    addresses.iter().all(|address| match try_bind(*address, protocol, port) {
        // Ports below 1024 are not for us, but for the engine.
        Ok(()) | Err(Errno::ACCESS) => true,
        // A machine without IPv6 has no port of IPv6 that could be taken.
        Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) => address.is_unspecified(),
        Err(_) => false,
    })
}

/// Binds and lets go. With plain calls: the standard library sets `SO_REUSEADDR`, and would miss some.
fn try_bind(address: IpAddr, protocol: Protocol, port: u16) -> Result<(), Errno> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let kind = match protocol {
        Protocol::Tcp => SocketType::STREAM,
        Protocol::Udp => SocketType::DGRAM,
    };
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    if address.is_ipv6() {
        // Else it would clash with our own question about IPv4.
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    bind(&socket, &SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
";
    const TCP6: &str = "\
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0
   1: 000080FE00000000FF005450B6AD1DFE:0016 00000000000000000000000000000000:0000 0A 0
   2: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 0
";

    fn shown(table: &str, protocol: Protocol) -> Vec<String> {
        let listeners = parse(table, protocol).expect("it is well formed");
        listeners
            .iter()
            .map(|listener| SocketAddr::new(listener.address, listener.port).to_string())
            .collect()
    }

    #[test]
    fn only_listening_tcp_sockets_are_listed_and_all_udp_ones() {
        assert_eq!(shown(TCP, Protocol::Tcp), ["127.0.0.1:8080"]);
        assert_eq!(shown(TCP6, Protocol::Tcp), ["[::]:80", "[fe80::5054:ff:fe1d:adb6]:22", "127.0.0.1:81"]);
        assert_eq!(shown(TCP, Protocol::Udp).len(), 2);
        assert_eq!(parse("head\n 0: nonsense\n", Protocol::Tcp), None);
    }

    #[test]
    fn a_listener_of_ours_is_listed_and_its_port_cannot_be_bound() {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let udp = UdpSocket::bind("0.0.0.0:0").expect("a port");
        for (address, protocol) in [
            (tcp.local_addr().expect("bound"), Protocol::Tcp),
            (udp.local_addr().expect("bound"), Protocol::Udp),
        ] {
            let ours = Listener { address: address.ip(), protocol, port: address.port() };
            assert!(listeners().expect("listed").contains(&ours), "{ours:?}");
            assert!(!can_bind(address.ip(), protocol, address.port()));
            assert!(!can_bind(Ipv4Addr::UNSPECIFIED.into(), protocol, address.port()));
        }
    }

    #[test]
    fn a_port_that_is_taken_on_one_address_is_free_on_another() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = taken.local_addr().expect("bound").port();
        let other: IpAddr = "127.0.0.2".parse().expect("an address");
        assert!(can_bind(other, Protocol::Tcp, port));
        assert!(can_bind(Ipv4Addr::LOCALHOST.into(), Protocol::Udp, port), "UDP has ports of its own");
        let elsewhere: IpAddr = "192.0.2.1".parse().expect("an address");
        assert!(!can_bind(elsewhere, Protocol::Tcp, port), "an address of another machine is of no use");
        drop(taken);
        assert!(can_bind(Ipv4Addr::LOCALHOST.into(), Protocol::Tcp, port));
        assert!(can_bind(Ipv4Addr::UNSPECIFIED.into(), Protocol::Tcp, port), "asking twice disturbs nothing");
    }
}
