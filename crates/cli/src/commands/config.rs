//! `config`: the variables of an app.

use wire::{AppConfigInfo, AppConfigParameters, VariableInfo};

use super::install::settings;
use super::verbs::{Change, begin};
use crate::Context;
use crate::args::Config;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::table::Table;

pub(super) async fn config(context: &Context, arguments: &Config) -> Result<(), Failure> {
    if arguments.set.is_empty() {
        return show(context, &arguments.app).await;
    }
    let settings = Some(settings(&arguments.set));
    let parameters = AppConfigParameters { app_id: arguments.app.clone(), settings };
    let (interface, command) = ("AppConfig", "configure");
    begin(context, &Change { interface, command, app: &arguments.app, parameters, wait: arguments.wait })
        .await
}

async fn show(context: &Context, app: &str) -> Result<(), Failure> {
    let parameters = AppConfigParameters { app_id: app.to_owned(), settings: None };
    let info: AppConfigInfo = context.client.call("AppConfig", &parameters).await?;
    let printer = &context.printer;
    if info.variables.is_empty() {
        printer.remark(&printer.text("no-variables", &[("app", app)]));
    }
    printer.answer(&info, || variables_table(printer, &info.variables))?;
    Ok(())
}

/// Variables with what they are and hold; secrets only by whether they are set.
pub(super) fn variables_table(printer: &Printer, variables: &[VariableInfo]) -> String {
    if variables.is_empty() {
        return String::new();
    }
    let head = ["column-variable", "column-kind", "column-value", "column-meaning"];
    let mut table = Table::of(printer.texts(head)).cut_last();
    for VariableInfo { name, kind, label, value, default, is_set, is_required, options } in variables {
        let value = match (kind.as_str(), is_set) {
            ("secret", true) => printer.text("secret-set", &[]),
            ("secret", false) => printer.text("secret-generated", &[]),
            (_, true) => value.clone(),
            (_, false) if *is_required => printer.text("value-required", &[]),
            (_, false) if default.is_empty() => value.clone(),
            (_, false) => printer.text("value-default", &[("value", default)]),
        };
        let label = label.lines().next().unwrap_or_default();
        let offered: Vec<&str> = options.iter().map(|option| option.value.as_str()).collect();
        let meaning =
            if offered.is_empty() { label.to_owned() } else { format!("{label} ({})", offered.join(", ")) };
        table.row([name.clone(), printer.word("variable", kind), value, meaning]);
    }
    printer.table(&table)
}
