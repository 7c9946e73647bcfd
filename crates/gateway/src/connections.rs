//! Whether nginx's own settings leave room for what our limits let in. They are the administrator's: they are told of,
//! and never changed.

use std::path::Path;

/// Requests to apps that one network may have open, and calls of the API: as `site.conf` and `appmanage.conf` have them.
const OF_ONE_NETWORK: u32 = 256 + 64;

/// Connections that a worker should be able to have: three networks at their limits, each request of which is a
/// connection of the client's and one behind, and some that have said nothing yet.
const WANTED: u32 = 2_048;

/// What nginx has where nothing is said.
const BY_DEFAULT: u32 = 512;

/// Files, and so connections, that a process may have open where nothing is said: what systemd gives it.
const FILES_BY_DEFAULT: u32 = 1_024;

/// What to do about an `nginx.conf` by which a worker has too few connections; `None` where it has enough.
pub(crate) fn advice(path: &Path, text: &str) -> Option<String> {
    let connections = number(text, "worker_connections").unwrap_or(BY_DEFAULT);
    let files = number(text, "worker_rlimit_nofile").unwrap_or(FILES_BY_DEFAULT);
    let has = connections.min(files);
    (has < WANTED).then(|| {
        format!(
            "a worker of nginx has room for {has} connections, and one address alone may take {}: write \
             `worker_rlimit_nofile 8192;` and `events {{ worker_connections 4096; }}` into {}, then systemctl restart nginx",
            2 * OF_ONE_NETWORK,
            path.display()
        )
    })
}

/// The number that a directive is given; the first, if there are more.
fn number(text: &str, directive: &str) -> Option<u32> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut words = lines.flat_map(|line| line.split(|c: char| c.is_whitespace() || ";{}".contains(c)));
    words.find(|word| *word == directive)?;
    words.find(|word| !word.is_empty())?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_connections_are_told_of() {
        let advice = |text| advice(Path::new("/etc/nginx/nginx.conf"), text);
        let debian = "user www-data;\nevents {\n\tworker_connections 768;\n\t# multi_accept on;\n}\n";
        let told = advice(debian).expect("these are too few");
        assert!(
            told.contains("768") && told.contains("640") && told.contains("/etc/nginx/nginx.conf"),
            "{told}"
        );
        let unsaid = advice("events {}\n# worker_connections 9000;\n").expect("a comment says nothing");
        assert!(unsaid.contains("512"), "{unsaid}");
        let few_files = advice("events{worker_connections 4096;}").expect("a connection is a file");
        assert!(few_files.contains("1024"), "{few_files}");
        assert_eq!(advice("worker_rlimit_nofile 8192;\nevents { worker_connections 4096; }\n"), None);
    }

    #[test]
    fn the_limits_are_those_of_the_templates() {
        let of = |text: &str, zone: &str| number(text, zone).unwrap_or_default();
        let sites = of(crate::template::SITE, "appmanage_site_requests_open");
        let calls = of(crate::template::APPMANAGE, "appmanage_connections");
        assert_eq!(sites + calls, OF_ONE_NETWORK);
    }
}
