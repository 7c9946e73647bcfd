//! `install`.

use std::collections::BTreeMap;

use wire::AppInstallParameters;

use super::verbs::{Change, begin};
use crate::Context;
use crate::args::{Install, Setting};
use crate::failure::Failure;

pub(super) async fn install(context: &Context, arguments: &Install) -> Result<(), Failure> {
    let (interface, command) = ("AppInstall", "install");
    let parameters = parameters(arguments);
    let change = Change { interface, command, app: &arguments.app, parameters, wait: arguments.wait };
    begin(context, &change).await
}

/// The parameters of AppInstall and of AppPlan.
pub(super) fn parameters(arguments: &Install) -> AppInstallParameters {
    AppInstallParameters {
        app_name: arguments.package.clone(),
        customer_app_name: arguments.app.clone(),
        app_version: arguments.version.clone(),
        settings: Some(settings(&arguments.set)).filter(|settings| !settings.is_empty()),
    }
}

/// Values by the names of variables; of one that is given twice the last counts.
pub(super) fn settings(set: &[Setting]) -> BTreeMap<String, String> {
    set.iter().map(|setting| (setting.name.clone(), setting.value.clone())).collect()
}
