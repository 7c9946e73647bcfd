//! Dokploy's templates: `blueprints/<app>/` with `meta.json`, `template.toml` and `docker-compose.yml`.
//!
//! Dokploy puts a proxy before every app and lets none publish a port. Here the port of the first domain is published;
//! others that the file names without one of the host stay inside.

use serde_json::{Map, Value, json};

use crate::block::{Block, LoginBlock, VariableBlock, VersionBlock};
use crate::formats::dokploy_template::{self, Template};
use crate::formats::dokploy_values::Values;
use crate::formats::loose::{self, both, text_at, texts};
use crate::formats::{Draft, Tree, Untranslatable, Web, WebPort, addresses, bounds, dokploy_mounts, logins};

type Object = Map<String, Value>;

const FOLDER: &str = "blueprints";
const COMPOSE: &str = "docker-compose.yml";
const TEMPLATE: &str = "template.toml";
/// Bytes of one template, with the files in it. The largest of the field has 290 KB.
const TEMPLATE_LIMIT_BYTES: u64 = 1 << 20;
/// Domains of one template. The most of the field is six.
const DOMAINS_LIMIT: usize = 50;
/// Files that one template writes. The most of the field is 20.
const MOUNTS_LIMIT: usize = 200;
/// Tags that every app of such a catalog could have.
const EMPTY_TAGS: [&str; 4] = ["self-hosted", "selfhosted", "open-source", "opensource"];
/// The folder of the files that a template writes, as its compose file sees it, and as some take it to be.
pub(super) const FILES: [&str; 2] = ["../files", "./files"];

/// The apps of the catalog.
pub(super) fn apps(tree: &Tree) -> Vec<String> {
    tree.folders(FOLDER)
}

/// Whether this is such a catalog.
pub(super) fn detect(tree: &Tree) -> bool {
    let has_template =
        |app: &String| tree.files(&format!("{FOLDER}/{app}")).iter().any(|name| name == TEMPLATE);
    apps(tree).iter().any(has_template)
}

/// Reads one app.
///
/// # Errors
///
/// Why it is no package.
pub(super) fn read(tree: &Tree, app: &str) -> Result<Vec<Draft>, Untranslatable> {
    let folder = tree.below(FOLDER).below(app);
    let missing = |name: &str| Untranslatable::Unreadable(format!("it has no {name}"));
    let mut compose = loose::document(&folder, COMPOSE)?.ok_or_else(|| missing(COMPOSE))?;
    let text = folder.text_within(TEMPLATE, TEMPLATE_LIMIT_BYTES)?.ok_or_else(|| missing(TEMPLATE))?;
    let mut template = dokploy_template::parse(&text)?;
    bounds::check(&compose)?;
    for (what, count, limit) in [
        ("lines in its environment", template.env.len(), bounds::ENV_LIMIT),
        ("domains", template.domains.len(), DOMAINS_LIMIT),
        ("files in its template", template.mounts.len(), MOUNTS_LIMIT),
    ] {
        bounds::check_count(what, count, limit)?;
    }
    let about = loose::json(&folder, "meta.json")?.unwrap_or_default();
    let mut remarks = Vec::new();
    find_services(&mut template, &compose, &mut remarks);
    let mut values = Values::of(&template);
    let files = dokploy_mounts::place(&template, &mut values, &mut compose, &mut remarks);
    values.check()?;
    let hosts = values.hosts();
    for part in compose.values_mut() {
        loose::each_text(part, &mut |text| *text = addresses::settle(text, &hosts));
    }
    drop_container_ports(&mut compose, &template);
    publish_others(&mut compose, &values, &mut remarks);
    let web = web(&template, &compose);
    Ok(vec![Draft {
        name: app.to_owned(),
        values: values.settled(),
        block: block(&about, &compose, web.as_ref(), values.variables()),
        compose,
        files,
        icon: loose::icon(&folder, text_at(&about, "logo").as_deref()),
        remarks,
        data_prefixes: FILES.map(str::to_owned).to_vec(),
        web,
        ..Draft::default()
    }])
}

fn block(about: &Object, compose: &Object, web: Option<&Web>, variables: Vec<VariableBlock>) -> Block {
    let tags = texts(about.get("tags")).into_iter();
    let links = about.get("links").and_then(Value::as_object);
    let service = web.and_then(|web| web.service.as_deref());
    let mut of_main = loose::services(compose).filter(|(name, _)| service.is_none_or(|main| main == *name));
    let (main, image) =
        of_main.next().map(|(name, one)| (name.as_str(), text_at(one, "image"))).unwrap_or_default();
    Block {
        trademark: text_at(about, "name").unwrap_or_default(),
        description: both(text_at(about, "description").unwrap_or_default()),
        categories: tags.filter(|tag| !EMPTY_TAGS.contains(&tag.to_lowercase().as_str())).collect(),
        website: links.and_then(|links| loose::link(links, &["website", "github", "docs"])),
        versions: vec![VersionBlock { name: version(about, image.clone()), ..VersionBlock::default() }],
        login: login(&variables, compose, Some(main), &image.unwrap_or_default()),
        variables,
        ..Block::default()
    }
}

/// What the one version is called. A template that says `latest` may well have an image that is not.
fn version(about: &Object, image: Option<String>) -> String {
    let told = text_at(about, "version").and_then(|text| text.split_whitespace().next().map(str::to_owned));
    loose::version(told.filter(|told| told != "latest"), image)
}

/// The variables that people sign in with.
fn login(
    variables: &[VariableBlock],
    compose: &Object,
    main: Option<&str>,
    image: &str,
) -> Option<LoginBlock> {
    let between = logins::between_services(compose, main);
    let names = variables.iter().filter(|variable| !variable.optional).map(|variable| variable.name.as_str());
    logins::find_for(names.filter(|name| !between.contains(*name)), image)
}

/// The port of the first domain. Without domains, the first port that is published: nobody says what it speaks.
fn web(template: &Template, compose: &Object) -> Option<Web> {
    if let Some(domain) = template.domains.first() {
        let service = Some(domain.service.clone());
        return Some(Web::of(service, WebPort::Target(domain.port), &domain.path, true));
    }
    let mut services = loose::services(compose);
    services
        .any(|(_, service)| service.contains_key("ports"))
        .then(|| Web::of(None, WebPort::First, "", false))
}

/// Leaves out domains of services that are not there.
fn find_services(template: &mut Template, compose: &Object, remarks: &mut Vec<String>) {
    template.domains.retain_mut(|domain| match service_of(compose, &domain.service) {
        Some(service) => {
            domain.service = service;
            true
        }
        None => {
            let (service, port) = (&domain.service, domain.port);
            remarks.push(format!("port {port} of {service} is not published: there is no such service"));
            false
        }
    });
}

/// The service of that name, or the only one, where a template misspells it.
fn service_of(compose: &Object, name: &str) -> Option<String> {
    let mut names = loose::services(compose).map(|(name, _)| name);
    let first = names.next()?;
    let is_only = names.next().is_none();
    let found = loose::services(compose).map(|(known, _)| known).find(|known| *known == name);
    found.or(Some(first).filter(|_| is_only)).cloned()
}

/// Leaves out ports without one of the host where the template has domains: the proxy there reaches them inside. It
/// never does so by UDP: such a port is one for the host.
fn drop_container_ports(compose: &mut Object, template: &Template) {
    if template.domains.is_empty() {
        return;
    }
    for (_, service) in loose::services_mut(compose) {
        let Some(Value::Array(ports)) = service.get_mut("ports") else { continue };
        ports.retain(|port| match port {
            Value::String(text) => loose::split(text).len() > 1 || text.ends_with("/udp"),
            Value::Object(long) => {
                long.contains_key("published") || long.get("protocol") == Some(&json!("udp"))
            }
            _ => false,
        });
        if ports.is_empty() {
            service.remove("ports");
        }
    }
}

/// Publishes the ports of further domains.
fn publish_others(compose: &mut Object, values: &Values<'_>, remarks: &mut Vec<String>) {
    for (domain, _) in values.other_domains() {
        let Some(service) = compose
            .get_mut("services")
            .and_then(|services| services.get_mut(&domain.service))
            .and_then(Value::as_object_mut)
        else {
            continue;
        };
        let ports = service.entry("ports").or_insert_with(|| json!([]));
        let target = domain.port.to_string();
        if let Value::Array(ports) = ports {
            let is_there =
                |port: &Value| port.as_str().is_some_and(|text| text.rsplit(':').next() == Some(&target));
            if !ports.iter().any(is_there) {
                ports.push(json!(format!("{target}:{target}")));
            }
        }
        if domain.path.len() > 1 {
            let (service, path) = (&domain.service, &domain.path);
            remarks.push(format!(
                "{service} is reached at port {target} of its own, where its catalog has it below {path}"
            ));
        }
    }
}

#[cfg(test)]
#[path = "dokploy_tests.rs"]
mod tests;
