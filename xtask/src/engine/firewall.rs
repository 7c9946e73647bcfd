//! What engines leave in the machine's firewall, and how to take it back.
//!
//! dockerd never removes its rules when it ends. The rules of one engine name its bridges or addresses; the
//! chains are shared by all engines of the machine and go with the last one.

use std::process::Command;

use anyhow::Result;

use crate::command::{output, run};

/// The tables that dockerd writes into.
const TABLES: [&str; 2] = ["filter", "nat"];

/// The chains that dockerd makes.
const CHAINS: [&str; 4] = ["DOCKER-USER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2", "DOCKER"];

/// Deletes the rules that name one of the bridges or an address in one of the subnets.
pub(crate) fn remove_rules(bridges: &[String], subnets: &[Subnet]) -> Result<()> {
    for table in TABLES {
        for rule in rules(table)? {
            if concerns(&rule, bridges, subnets) {
                delete(table, &rule)?;
            }
        }
    }
    Ok(())
}

/// Takes away dockerd's chains where no rule names an interface any more, so no engine is left that uses them.
/// Says whether that was so.
pub(crate) fn remove_chains() -> Result<bool> {
    let mut all = Vec::new();
    for table in TABLES {
        all.push((table, rules(table)?));
    }
    let docker = |rule: &String| CHAINS.iter().any(|chain| words(rule).any(|word| word == *chain));
    let used = |rule: &String| docker(rule) && words(rule).any(|word| word == "-i" || word == "-o");
    if all.iter().any(|(_, rules)| rules.iter().any(used)) {
        return Ok(false);
    }
    for (table, rules) in &all {
        for rule in rules.iter().filter(|rule| docker(rule)) {
            delete(table, rule)?;
        }
        let listed = iptables(table, &["-S".to_owned()])?;
        for chain in CHAINS {
            if listed.lines().any(|line| line == format!("-N {chain}")) {
                iptables(table, &["-X".to_owned(), chain.to_owned()])?;
            }
        }
    }
    Ok(true)
}

/// An IPv4 subnet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subnet {
    base: u32,
    mask: u32,
}

impl Subnet {
    /// From the form that `ip` and `iptables` print: an address, with or without a length.
    fn parse(text: &str) -> Option<Subnet> {
        let (address, length) = text.split_once('/').unwrap_or((text, "32"));
        let address: std::net::Ipv4Addr = address.parse().ok()?;
        let length: u32 = length.parse().ok().filter(|length| *length <= 32)?;
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        Some(Subnet { base: u32::from(address) & mask, mask })
    }

    fn holds(&self, other: &Subnet) -> bool {
        other.mask >= self.mask && other.base & self.mask == self.base
    }
}

/// The subnets in the output of `ip -oneline addr`.
pub(crate) fn subnets(shown: &str) -> Vec<Subnet> {
    shown
        .lines()
        .filter_map(|line| {
            line.split_whitespace().skip_while(|word| *word != "inet").nth(1).and_then(Subnet::parse)
        })
        .collect()
}

/// Whether a rule names one of the bridges or an address in one of the subnets.
fn concerns(rule: &str, bridges: &[String], subnets: &[Subnet]) -> bool {
    words(rule).any(|word| {
        bridges.iter().any(|bridge| bridge == word)
            || Subnet::parse(word).is_some_and(|named| subnets.iter().any(|subnet| subnet.holds(&named)))
    })
}

/// The rules of a table as `iptables -S` prints them, policies and chains left out.
fn rules(table: &str) -> Result<Vec<String>> {
    let listed = iptables(table, &["-S".to_owned()])?;
    Ok(listed.lines().filter(|line| line.starts_with("-A ")).map(str::to_owned).collect())
}

fn delete(table: &str, rule: &str) -> Result<()> {
    let mut arguments: Vec<String> = words(rule).map(str::to_owned).collect();
    arguments[0] = "-D".to_owned();
    run(Command::new("iptables").args(["--wait", "-t", table]).args(arguments))
}

pub(crate) fn iptables(table: &str, arguments: &[String]) -> Result<String> {
    output(Command::new("iptables").args(["--wait", "-t", table]).args(arguments))
}

/// dockerd's rules quote nothing, and rules of others are only read.
fn words(rule: &str) -> impl Iterator<Item = &str> {
    rule.split_whitespace()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn rules_are_ours_by_bridge_or_by_address() {
        let bridges = ["br-0123456789ab".to_owned()];
        let subnets =
            subnets("7: br-0123456789ab    inet 10.70.1.1/24 brd 10.70.1.255 scope global br-0123456789ab");
        assert_eq!(subnets, [Subnet::parse("10.70.1.0/24").unwrap()]);
        for ours in [
            "-A FORWARD -o br-0123456789ab -j DOCKER",
            "-A DOCKER ! -i br-0123456789ab -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.70.1.2:80",
            "-A POSTROUTING -s 10.70.1.2/32 -d 10.70.1.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
            "-A POSTROUTING -s 10.70.1.0/24 ! -o br-0123456789ab -j MASQUERADE",
        ] {
            assert!(concerns(ours, &bridges, &subnets), "{ours}");
        }
        for other in [
            "-A FORWARD -o docker0 -j DOCKER",
            "-A POSTROUTING -s 10.70.2.2/32 -d 10.70.2.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
            "-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE",
            "-A FORWARD -j DOCKER-USER",
            "-A INPUT -i br-0123456789abc -j ACCEPT",
        ] {
            assert!(!concerns(other, &bridges, &subnets), "{other}");
        }
    }
}
