//! `domain`: the names that apps are reached by.

use wire::{AppDomainInfo, AppDomainListParameters, AppDomainParameters, RemovedDomainInfo};

use crate::Context;
use crate::args::{Domain, DomainOfApp};
use crate::failure::Failure;
use crate::table::Table;
use crate::units;

pub(super) async fn domain(context: &Context, command: &Domain) -> Result<(), Failure> {
    match command {
        Domain::Add(arguments) => add(context, arguments).await,
        Domain::List(arguments) => list(context, arguments.app.clone()).await,
        Domain::Remove(arguments) => remove(context, arguments).await,
    }
}

fn parameters(DomainOfApp { app, domain }: &DomainOfApp) -> AppDomainParameters {
    AppDomainParameters { app_id: app.clone(), domain: domain.clone() }
}

async fn add(context: &Context, arguments: &DomainOfApp) -> Result<(), Failure> {
    let added: AppDomainInfo = context.client.call("AppDomainAdd", &parameters(arguments)).await?;
    let printer = &context.printer;
    printer.done(&added, || {
        let told = [("app", &*added.app_id), ("url", &*added.url)];
        printer.text("done-domain-add", &told) + "\n" + &printer.text("follow-domain", &told) + "\n"
    })?;
    Ok(())
}

async fn remove(context: &Context, arguments: &DomainOfApp) -> Result<(), Failure> {
    let removed: RemovedDomainInfo = context.client.call("AppDomainRemove", &parameters(arguments)).await?;
    let printer = &context.printer;
    printer.done(&removed, || {
        let RemovedDomainInfo { app_id, domain } = &removed;
        printer.text("done-domain-remove", &[("app", app_id), ("domain", domain)]) + "\n"
    })?;
    Ok(())
}

async fn list(context: &Context, app: Option<String>) -> Result<(), Failure> {
    let parameters = AppDomainListParameters { app_id: app };
    let domains: Vec<AppDomainInfo> = context.client.call("AppDomainList", &parameters).await?;
    let printer = &context.printer;
    if domains.is_empty() {
        printer.remark(&printer.text("no-domains", &[]));
    }
    printer.answer(&domains, || {
        if domains.is_empty() {
            return String::new();
        }
        let head = ["column-domain", "column-app", "column-site", "column-certificate", "column-valid-until"];
        let mut table = Table::of(printer.texts(head));
        for AppDomainInfo { domain, app_id, site, certificate, expires_at, .. } in &domains {
            let expires_at = if expires_at.is_empty() { String::new() } else { units::time(expires_at) };
            let [site, certificate] =
                [("site", site), ("certificate", certificate)].map(|(set, word)| printer.word(set, word));
            table.row([domain.clone(), app_id.clone(), site, certificate, expires_at]);
        }
        let notes: Vec<_> = domains.iter().map(|it| it.reason.as_ref().map(|r| r.message.clone())).collect();
        printer.table_with_notes(&table, &notes)
    })?;
    Ok(())
}
