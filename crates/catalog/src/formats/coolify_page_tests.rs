//! Coolify's reader: which published ports stay pages, and which quotes stay in scripts.

use super::tests::draft;
use super::unquoted_defaults;
use crate::formats::WebPort;

#[test]
fn a_usual_port_of_the_web_stays_a_page_where_the_file_publishes_it_itself() {
    for (header, service, expected) in [
        ("", "ports: ['8001:80']\n    environment: [SERVICE_URL_WEB]", (80, true)),
        ("# port: 80\n", "ports: ['8080:80']\n    environment: [SERVICE_URL_WEB]", (80, true)),
        ("# port: 80\n", "ports: ['8080:80']", (80, true)),
        ("# port: 3000\n", "ports: ['3000:3000']", (3000, true)),
        ("", "ports: ['7878:7878']\n    expose: [7878]\n    environment: [SERVICE_URL_WEB]", (7878, true)),
        ("# port: 7878\n", "ports: ['7878:7878']\n    expose: [7878]", (7878, true)),
        (
            "# port: 7878\n",
            "ports: ['7878:7878']\n    healthcheck: { test: 'curl http://localhost:7878/up' }",
            (7878, true),
        ),
        (
            "# port: 7878\n",
            "ports: ['7878:7878']\n    healthcheck: { test: 'nc -z localhost:7878' }",
            (7878, false),
        ),
        ("# port: 25565\n", "ports: ['25565:25565']\n    environment: [SERVICE_URL_WEB]", (25565, false)),
        ("# port: 1883\n", "ports: ['1883:1883']", (1883, false)),
    ] {
        let draft = draft(&format!("{header}services:\n  web:\n    image: a\n    {service}\n"));
        let web = draft.web.expect("a port");
        assert_eq!((web.port, web.is_http), (WebPort::Target(expected.0), expected.1), "{header}{service}");
    }
}

#[test]
fn quotes_in_scripts_are_the_scripts_own() {
    let script = r#"X=$${FOO:-"a  b"}; echo "$${BAR:-'x y'}""#;
    assert_eq!(unquoted_defaults(script.to_owned()), script);
    let mixed = r#"$${FOO:-"a  b"} ${BAR:-"c"}"#;
    assert_eq!(unquoted_defaults(mixed.to_owned()), r#"$${FOO:-"a  b"} ${BAR:-c}"#);
    let content = r#"X=${FOO:-"a  b"} ${BAR:?missing}"#;
    let draft = draft(&format!(
        "services:\n  web:\n    image: a\n    volumes:\n      - type: bind\n        source: ./run.sh\n        \
         target: /run.sh\n        content: |\n          {content}\n"
    ));
    let file = draft.files.values().next().expect("a file");
    assert_eq!(String::from_utf8_lossy(&file.bytes).trim_end(), content);
}
