//! What stands behind each variable of an app's files: told by the server, set by the version, declared by the package,
//! set by its owner, and made of those.

use domain::package::VariableKind;
use domain::{App, Package, Secret, Template, VariableValue};

use crate::Control;
use crate::token::signed_token;

/// Names and values, in the order in which they are known.
struct Values<'a> {
    package: &'a Package,
    known: Vec<(String, VariableValue)>,
}

impl Control {
    /// The values for an app's files, each name once.
    pub(crate) fn variables(&self, app: &App, package: &Package) -> Vec<(String, VariableValue)> {
        let mut values = Values { package, known: Vec::new() };
        let public_host = &self.settings.public_host;
        let deployment = app.deployment.as_ref();
        let port = deployment.and_then(|deployment| deployment.main.as_ref()).map_or(0, |main| main.port);
        let folder = deployment.map(|deployment| deployment.folder.display().to_string());
        let url = app.origin_url(public_host);
        let (scheme, authority) = url.split_once("://").unwrap_or_default();
        for (name, value) in [
            ("APPMANAGE_APP_ID", app.id.to_string()),
            ("APPMANAGE_HOST", app.host(public_host).to_owned()),
            ("APPMANAGE_PORT", port.to_string()),
            ("APPMANAGE_URL", url.clone()),
            ("APPMANAGE_AUTHORITY", authority.to_owned()),
            ("APPMANAGE_SCHEME", scheme.to_owned()),
            ("APPMANAGE_FOLDER", folder.unwrap_or_default()),
        ] {
            values.add(name, VariableValue::Plain(value));
        }
        if let Some(version) = package.version(&app.package.version) {
            for (name, value) in &version.variables {
                values.add(name, VariableValue::Plain(value.clone()));
            }
        }
        values.add_declared(app);
        values.add_tokens();
        values.add_derived();
        values.known
    }
}

impl Values<'_> {
    fn add(&mut self, name: &str, value: VariableValue) {
        self.known.push((name.to_owned(), value));
    }

    fn get(&self, name: &str) -> Option<&VariableValue> {
        self.known.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// What the package declares, with what its owner set in place of the defaults.
    fn add_declared(&mut self, app: &App) {
        let package = self.package;
        let deployment = app.deployment.as_ref();
        let secrets = deployment.map_or(&[][..], |deployment| &deployment.secrets[..]);
        let ports = deployment.map_or(&[][..], |deployment| &deployment.ports[..]);
        for variable in &package.variables {
            let default = match &variable.kind {
                VariableKind::Secret { .. } => {
                    let secret = secrets.iter().find(|(name, _)| *name == variable.name);
                    VariableValue::Secret(secret.map(|(_, secret)| secret.clone()).unwrap_or_default())
                }
                VariableKind::Port { service, target, protocol } => {
                    let given = ports.iter().find(|port| {
                        port.service == *service && port.target == *target && port.protocol == *protocol
                    });
                    VariableValue::Plain(given.map_or(0, |given| given.port).to_string())
                }
                VariableKind::Derived(_) | VariableKind::Token { .. } => continue,
                // Without a default, it is set: AppInstall saw to that. A package is judged without.
                plain => VariableValue::Plain(plain.default_text().unwrap_or_default()),
            };
            // What the kind was when it was set is what counts: nothing that was a secret is shown.
            let set = app.settings.get(&variable.name).filter(|_| variable.kind.is_settable());
            self.add(&variable.name, set.cloned().unwrap_or(default));
        }
    }

    fn add_tokens(&mut self) {
        for variable in &self.package.variables {
            if let VariableKind::Token { key, claims } = &variable.kind {
                let key = self.get(key).map(VariableValue::reveal).unwrap_or_default();
                let token = Secret::from_text(signed_token(key, claims));
                self.add(&variable.name, VariableValue::Secret(token));
            }
        }
    }

    /// Each as soon as all that it is made of is known: the reader of packages saw to it that none is made of itself.
    fn add_derived(&mut self) {
        let derived = self.package.variables.iter().filter_map(|variable| match &variable.kind {
            VariableKind::Derived(template) => Some((variable.name.as_str(), template)),
            _ => None,
        });
        let mut pending: Vec<(&str, &Template)> = derived.collect();
        while !pending.is_empty() {
            let is_ready = |template: &Template| {
                !template.names().any(|name| pending.iter().any(|(waiting, _)| *waiting == name))
            };
            let ready = pending.iter().position(|(_, template)| is_ready(template)).unwrap_or_default();
            let (name, template) = pending.remove(ready);
            let value = self.filled(template);
            self.add(name, value);
        }
    }

    /// The template with the values that are known. It is a secret if one in it is.
    fn filled(&self, template: &Template) -> VariableValue {
        let of_env =
            |name: &str| self.package.env.as_ref().and_then(|env| env.value(name)).unwrap_or_default();
        let values: Vec<VariableValue> = template
            .names()
            .map(|name| self.get(name).cloned().unwrap_or_else(|| VariableValue::Plain(of_env(name))))
            .collect();
        let mut in_order = values.iter();
        let text = template.filled(|_| in_order.next().map(VariableValue::reveal).unwrap_or_default());
        match values.iter().any(|value| matches!(value, VariableValue::Secret(_))) {
            true => VariableValue::Secret(Secret::from_text(text)),
            false => VariableValue::Plain(text),
        }
    }
}
