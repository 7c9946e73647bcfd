//! Databases for 1Panel's apps. There, an app uses a database that is installed as an app of its own, and the panel
//! makes a user in it; here, each app gets one of its own, as a service beside it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::formats::Untranslatable;
use crate::formats::one_panel::both;
use crate::formats::one_panel_form::{Field, Form, Need, names_in, secret};

/// A database that can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    MySql,
    MariaDb,
    PostgreSql,
    Redis,
    MongoDb,
    Memcached,
}

impl Engine {
    /// By 1Panel's name for its app.
    fn of(kind: &str) -> Option<Self> {
        match kind.to_ascii_lowercase().as_str() {
            "mysql" => Some(Self::MySql),
            "mariadb" => Some(Self::MariaDb),
            "postgresql" | "postgres" | "pgsql" => Some(Self::PostgreSql),
            "redis" => Some(Self::Redis),
            "mongodb" | "mongo" => Some(Self::MongoDb),
            "memcached" => Some(Self::Memcached),
            _ => None,
        }
    }

    const fn service(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
            Self::PostgreSql => "postgresql",
            Self::Redis => "redis",
            Self::MongoDb => "mongodb",
            Self::Memcached => "memcached",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::MySql | Self::MariaDb => 3306,
            Self::PostgreSql => 5432,
            Self::Redis => 6379,
            Self::MongoDb => 27017,
            Self::Memcached => 11211,
        }
    }

    /// How the panel calls what it tells of that database, whatever the app calls its host.
    const fn panel_prefix(self) -> &'static str {
        match self {
            Self::Redis => "PANEL_REDIS_",
            Self::Memcached => "PANEL_MEMCACHED_",
            Self::MySql | Self::MariaDb | Self::PostgreSql | Self::MongoDb => "PANEL_DB_",
        }
    }

    const fn has_users(self) -> bool {
        matches!(self, Self::MySql | Self::MariaDb | Self::PostgreSql)
    }
}

/// The variables by which an app logs in.
#[derive(Debug, Default)]
struct Access {
    name: Option<Field>,
    user: Option<Field>,
    password: Option<Field>,
    root_user: Option<Field>,
    root_password: Option<Field>,
}

/// Starts what the form asks for as services of the app, and fills in what they are told to be.
///
/// # Errors
/// `Unsupported`: it is no database that is known here.
pub(super) fn start_databases(
    form: &mut Form,
    compose: &mut Map<String, Value>,
    app: &str,
) -> Result<(), Untranslatable> {
    for need in std::mem::take(&mut form.needs) {
        let used = names_in(&Value::Object(compose.clone()));
        if !need.is_required && !is_needed_all_the_same(form, &need, &used) {
            continue; // Its variable is optional, and stays empty.
        }
        let Some((kind, engine)) = need.kinds.iter().find_map(|kind| Some((kind, Engine::of(kind)?))) else {
            let kinds = need.kinds.join(" or ");
            let reason = format!("it needs another app that is installed ({}: {kinds})", need.label.en);
            return Err(Untranslatable::Unsupported(reason));
        };
        if let Some(variable) = &need.kind_variable {
            form.fix(variable, kind);
        }
        start(form, compose, &need, engine, app, &used)?;
    }
    Ok(())
}

/// An app whose form lets its user name a database elsewhere instead, and asks for how to log in to it.
fn is_needed_all_the_same(form: &Form, need: &Need, used: &BTreeSet<String>) -> bool {
    let prefix = prefix(&need.host);
    used.contains(&need.host) && form.fields.iter().any(|field| field.name == format!("{prefix}NAME"))
}

fn start(
    form: &mut Form,
    compose: &mut Map<String, Value>,
    need: &Need,
    engine: Engine,
    app: &str,
    used: &BTreeSet<String>,
) -> Result<(), Untranslatable> {
    let services = compose.get("services").and_then(Value::as_object).cloned().unwrap_or_default();
    let volumes = compose.get("volumes").and_then(Value::as_object).cloned().unwrap_or_default();
    let is_free = |name: &String| !services.contains_key(name) && !volumes.contains_key(name);
    let names =
        std::iter::once(engine.service().to_owned()).chain((2..).map(|n| format!("{}{n}", engine.service())));
    let service = names.into_iter().find(is_free).unwrap_or_default();

    form.take(&need.host);
    form.fix(&need.host, &service);
    form.fix(&format!("{}_NAME", need.host), &service);
    let access = Access::of(form, need, engine, used);
    for prefix in prefixes(need, engine) {
        let port = format!("{prefix}PORT");
        if form.take(&port).is_some() || used.contains(&port) {
            form.fix(&port, &engine.port().to_string());
        }
    }
    if engine.has_users() && access.password.is_none() && access.root_password.is_none() {
        let reason = format!("it does not say how it logs in to its database ({})", need.label.en);
        return Err(Untranslatable::Unsupported(reason));
    }
    let credentials = credentials(form, &access, engine, &service, app);
    let mut definition = definition(engine, &service, &credentials);
    let dependents = connect(compose, need, &service, engine);
    if !dependents.is_empty() {
        definition["networks"] = json!(dependents);
    }
    if engine == Engine::MongoDb && definition.get("configs").is_some() {
        let script = "db.getSiblingDB('admin').createUser({\n  user: process.env.MONGO_INITDB_APP_USER,\n  \
                      pwd: process.env.MONGO_INITDB_APP_PASSWORD,\n  roles: ['root'],\n});\n";
        object(compose, "configs").insert(format!("{service}_user"), json!({ "content": script }));
    }
    if engine != Engine::Memcached {
        object(compose, "volumes").insert(service.clone(), Value::Null);
    }
    object(compose, "services").insert(service.clone(), definition);
    let told = format!(
        "it comes with a {} of its own, where its catalog takes one that is installed",
        engine.service()
    );
    form.remarks.push(told);
    Ok(())
}

/// `PANEL_DB_` of `PANEL_DB_HOST`.
fn prefix(host: &str) -> &str {
    let end = host.strip_suffix("HOST").map_or_else(|| host.rfind('_').map_or(0, |end| end + 1), str::len);
    &host[..end]
}

fn prefixes(need: &Need, engine: Engine) -> Vec<&str> {
    let own = prefix(&need.host);
    let mut prefixes = vec![own];
    if own != engine.panel_prefix() {
        prefixes.push(engine.panel_prefix());
    }
    prefixes
}

impl Access {
    /// Finds the variables of the database among the fields, and among what only the compose file names.
    fn of(form: &mut Form, need: &Need, engine: Engine, used: &BTreeSet<String>) -> Self {
        let mut take = |endings: &[&str]| {
            for prefix in prefixes(need, engine) {
                for ending in endings {
                    let name = format!("{prefix}{ending}");
                    let is_there = used.contains(&name);
                    if let Some(field) = form.take(&name) {
                        return Some(field);
                    }
                    if is_there && !form.variables.iter().any(|known| known.name == name) {
                        return Some(Field::unasked(&name));
                    }
                }
            }
            None
        };
        Self {
            name: take(&["NAME", "DATABASE", "DBNAME", "DB"]),
            user: take(&["USER", "USERNAME"]),
            password: take(&["USER_PASSWORD", "PASSWORD", "PASSWD", "PASS"]),
            root_user: take(&["ROOT_USER"]),
            root_password: take(&["ROOT_PASSWORD"]),
        }
    }
}

/// What the database is told at its first start; passwords as `${NAME}`.
struct Credentials {
    name: Option<String>,
    user: Option<String>,
    password: Option<String>,
    /// Of MySQL's root, whom every server of it has.
    root_password: String,
}

/// Settles how the app logs in, and declares the variables that say it.
fn credentials(form: &mut Form, access: &Access, engine: Engine, service: &str, app: &str) -> Credentials {
    let is_mysql = matches!(engine, Engine::MySql | Engine::MariaDb);
    let plain: String =
        app.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let mut fixed = |field: &Option<Field>| {
        let field = field.as_ref()?;
        let is_usable = field.default.starts_with(|c: char| c.is_ascii_alphabetic());
        let text = if is_usable { &field.default } else { &plain };
        form.fix(&field.name, text);
        Some(text.clone())
    };
    let (name, user) = (fixed(&access.name), fixed(&access.user));
    let root = if is_mysql { "root" } else { user.as_deref().unwrap_or(engine.service()) }.to_owned();
    if let Some(field) = &access.root_user {
        form.fix(&field.name, &root);
    }
    // Where one user is all, two variables for a password say the same.
    let is_one_user = !is_mysql || user.as_deref().is_none_or(|user| user == root);
    let fields: Vec<&Field> = [&access.password, &access.root_password].into_iter().flatten().collect();
    let reference = |field: &Field| format!("${{{}}}", field.name);
    for (index, field) in fields.iter().enumerate() {
        if is_one_user && index > 0 {
            form.repeat(field, &fields[0].name);
        } else {
            form.declare(secret(&field.name, field.label.clone()));
        }
    }
    let password = fields.first().copied().map(reference);
    let root_password = match (&access.root_password, &password) {
        _ if !is_mysql => String::new(),
        (_, Some(password)) if is_one_user => password.clone(),
        (Some(field), _) => reference(field),
        (None, _) => {
            let name = format!("{}_ROOT_PASSWORD", service.to_ascii_uppercase());
            form.declare(secret(&name, both(None, None, &name)));
            format!("${{{name}}}")
        }
    };
    let user = if is_mysql { user.filter(|_| !is_one_user) } else { user.or(Some(root)) };
    Credentials { name, user, password, root_password }
}

fn definition(engine: Engine, service: &str, with: &Credentials) -> Value {
    let Credentials { name, user, password, root_password } = with;
    match engine {
        Engine::MySql | Engine::MariaDb => {
            let prefix = if engine == Engine::MySql { "MYSQL" } else { "MARIADB" };
            let user_password = user.as_ref().and(password.as_ref());
            let told = [
                ("ROOT_PASSWORD", Some(root_password)),
                ("DATABASE", name.as_ref()),
                ("USER", user.as_ref()),
                ("PASSWORD", user_password),
            ];
            let told = told.into_iter().filter_map(|(key, text)| Some((format!("{prefix}_{key}"), text?)));
            sql(engine, service, &Value::Object(told.map(|(key, text)| (key, json!(text))).collect()))
        }
        Engine::PostgreSql => {
            let name = name.as_ref().or(user.as_ref());
            let environment =
                json!({ "POSTGRES_USER": user, "POSTGRES_DB": name, "POSTGRES_PASSWORD": password });
            sql(engine, service, &environment)
        }
        Engine::Redis => redis(service, password.as_deref()),
        Engine::MongoDb => mongodb(service, user.as_deref().unwrap_or("root"), password.as_deref()),
        Engine::Memcached => json!({ "image": "memcached:1.6", "restart": "unless-stopped" }),
    }
}

/// Over TCP: the server of the first initialization answers on its socket only.
fn sql(engine: Engine, service: &str, environment: &Value) -> Value {
    let (image, folder, test) = match engine {
        Engine::MySql => (
            "mysql:8.4",
            "/var/lib/mysql",
            json!(["CMD", "mysqladmin", "ping", "--host=127.0.0.1", "--silent"]),
        ),
        Engine::MariaDb => {
            let test = json!(["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"]);
            ("mariadb:10.11", "/var/lib/mysql", test)
        }
        _ => {
            let test = json!(["CMD-SHELL", "pg_isready --host=127.0.0.1 --username=$$POSTGRES_USER"]);
            ("postgres:16", "/var/lib/postgresql/data", test)
        }
    };
    json!({
        "image": image,
        "restart": "unless-stopped",
        "environment": environment,
        "volumes": [format!("{service}:{folder}")],
        "healthcheck": health(&test),
    })
}

/// The server reads its settings from standard input, so that the password stands in no argument and no file.
fn redis(service: &str, password: Option<&str>) -> Value {
    let mut definition = json!({
        "image": "redis:7.4",
        "restart": "unless-stopped",
        "volumes": [format!("{service}:/data")],
        "healthcheck": health(&json!(["CMD-SHELL", "redis-cli ping | grep -q PONG"])),
    });
    if let Some(password) = password {
        let command = "exec docker-entrypoint.sh redis-server - <<SETTINGS\nrequirepass $$REDISCLI_AUTH\n\
                       appendonly yes\nSETTINGS\n";
        definition["command"] = json!(["sh", "-c", command]);
        definition["environment"] = json!({ "REDISCLI_AUTH": password });
    }
    definition
}

/// Its user is made by a script of its own: the image's variables for one show the password among the arguments of a
/// process.
fn mongodb(service: &str, user: &str, password: Option<&str>) -> Value {
    // By the container's own name: the server of the first initialization answers on 127.0.0.1 only.
    let test = json!(["CMD-SHELL", "mongosh --quiet --host \"$$HOSTNAME\" --eval \"db.hello().ok\""]);
    let mut definition = json!({
        "image": "mongo:7.0.43",
        "restart": "unless-stopped",
        "volumes": [format!("{service}:/data/db")],
        "healthcheck": health(&test),
    });
    if let Some(password) = password {
        let target = "/docker-entrypoint-initdb.d/create-user.js";
        definition["command"] = json!(["--auth"]);
        definition["environment"] =
            json!({ "MONGO_INITDB_APP_USER": user, "MONGO_INITDB_APP_PASSWORD": password });
        definition["configs"] = json!([{ "source": format!("{service}_user"), "target": target }]);
    }
    definition
}

fn health(test: &Value) -> Value {
    json!({ "test": test, "interval": "5s", "timeout": "5s", "retries": 6, "start_period": "180s" })
}

/// Makes the services that name the database wait for it; the networks that they are in.
fn connect(compose: &mut Map<String, Value>, need: &Need, service: &str, engine: Engine) -> Vec<String> {
    let condition = if engine == Engine::Memcached { "service_started" } else { "service_healthy" };
    let services = object(compose, "services");
    let names_it = |definition: &Value| names_in(definition).contains(&need.host);
    let is_named = services.values().any(names_it);
    let mut networks = BTreeSet::new();
    for definition in services.values_mut().filter(|definition| !is_named || names_it(definition)) {
        let Some(definition) = definition.as_object_mut() else { continue };
        match definition.get("networks") {
            Some(Value::Array(names)) => {
                networks.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            Some(Value::Object(names)) => networks.extend(names.keys().cloned()),
            _ => {}
        }
        let mut waits = match definition.remove("depends_on") {
            Some(Value::Object(waits)) => waits,
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(|name| {
                    Some((name.as_str()?.to_owned(), json!({ "condition": "service_started" })))
                })
                .collect(),
            _ => Map::new(),
        };
        waits.insert(service.to_owned(), json!({ "condition": condition }));
        definition.insert("depends_on".to_owned(), Value::Object(waits));
    }
    networks.into_iter().collect()
}

/// The map under that key, made where it is not there or is none.
fn object<'a>(compose: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let place = compose.entry(key).or_insert(Value::Null);
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    place.as_object_mut().expect("it was made one")
}
