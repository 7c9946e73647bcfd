//! The IPv4 networks that this machine reaches, Docker's own bridges and tunnels included.

use std::io;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

const FILE: &str = "/proc/net/route";

pub(crate) fn routes() -> io::Result<Vec<Ipv4Net>> {
    parse(&std::fs::read_to_string(FILE)?).ok_or_else(|| crate::strange(FILE))
}

/// Destination and mask are the second and eighth column, in hexadecimal, least byte first.
fn parse(table: &str) -> Option<Vec<Ipv4Net>> {
    let mut routes = Vec::new();
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let address = |index: usize| {
            let number = u32::from_str_radix(columns.get(index)?, 16).ok()?;
            Some(Ipv4Addr::from(number.swap_bytes()))
        };
        let route = Ipv4Net::with_netmask(address(1)?, address(7)?).ok()?;
        if route.prefix_len() > 0 {
            routes.push(route);
        }
    }
    Some(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
br-1\t2002570A\t00000000\t0001\t0\t0\t0\tE0FFFFFF\t0\t0\t0
";

    #[test]
    fn routes_are_read_without_the_default_one() {
        let routes: Vec<_> =
            parse(TABLE).expect("it is well formed").iter().map(ToString::to_string).collect();
        assert_eq!(routes, ["192.168.0.0/24", "10.87.2.32/27"]);
        assert_eq!(parse("head\nnonsense\n"), None);
    }

    #[test]
    fn the_table_of_this_machine_can_be_read() {
        routes().expect("it has one");
    }
}
