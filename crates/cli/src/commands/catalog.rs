//! `catalog search` and `catalog show`: what can be installed.

use wire::{
    AppCatalogDetailParameters, AppCatalogParameters, CatalogAppInfo, CatalogDetailInfo, RequirementsInfo,
};

use super::catalogs::qualified;
use super::config::variables_table;
use super::plan::{policy_text, warnings_text};
use crate::Context;
use crate::args::{Search, Show};
use crate::failure::Failure;
use crate::table::Table;
use crate::units::bytes;

/// Apps that are asked for at once: the API gives no more.
const PAGE: u32 = 100;

/// Pages that are asked for: catalogs have hundreds of apps, and this is where a server that never ends its list
/// is not believed any more.
const PAGES_MAX: usize = 100;

pub(super) async fn search(context: &Context, arguments: &Search) -> Result<(), Failure> {
    let found = find(context, arguments).await?;
    let printer = &context.printer;
    if found.is_empty() {
        printer.remark(&printer.text("nothing-found", &[]));
    }
    printer.answer(&found, || {
        if found.is_empty() {
            return String::new();
        }
        let head = ["column-package", "column-version", "column-policy", "column-description"];
        let mut table = Table::of(printer.texts(head)).cut_last();
        for app in &found {
            let verdict = printer.coloured(&printer.word("policy", &app.policy.verdict), &app.policy.verdict);
            let name = qualified(&app.name, &app.catalog);
            let description = app.description.lines().next().unwrap_or_default().to_owned();
            table.row([name, app.version.clone(), verdict, description]);
        }
        printer.table(&table)
    })?;
    Ok(())
}

/// All that fit, page by page.
async fn find(context: &Context, arguments: &Search) -> Result<Vec<CatalogAppInfo>, Failure> {
    let mut found: Vec<CatalogAppInfo> = Vec::new();
    let words = Some(arguments.words.join(" ")).filter(|words| !words.is_empty());
    for _ in 0..PAGES_MAX {
        let parameters = AppCatalogParameters {
            search: words.clone(),
            category: arguments.category.clone(),
            catalog: arguments.catalog.clone(),
            limit: Some(PAGE),
            after: found.last().map(|app| format!("{}@{}", app.name, app.catalog)),
        };
        let page: Vec<CatalogAppInfo> = context.client.call("AppCatalog", &parameters).await?;
        let is_last = page.len() < PAGE as usize;
        found.extend(page);
        if is_last {
            break;
        }
    }
    Ok(found)
}

pub(super) async fn show(context: &Context, arguments: &Show) -> Result<(), Failure> {
    let parameters = AppCatalogDetailParameters { app_name: arguments.package.clone() };
    let detail: CatalogDetailInfo = context.client.call("AppCatalogDetail", &parameters).await?;
    context.printer.answer(&detail, || {
        let printer = &context.printer;
        let CatalogDetailInfo { app, versions, requirements, variables, services, note, remarks, .. } =
            &detail;
        let name = qualified(&app.name, &app.catalog);
        let needs = [
            ("cpu", requirements.cpu_cores.to_string()),
            ("memory", bytes(requirements.memory_bytes)),
            ("disk", bytes(requirements.disk_bytes)),
        ];
        // Few catalogs of others tell.
        let is_told = *requirements != RequirementsInfo { cpu_cores: 0, memory_bytes: 0, disk_bytes: 0 };
        let needs: Vec<(&str, &str)> = needs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let services: Vec<String> =
            services.iter().map(|service| format!("{} ({})", service.name, service.image)).collect();
        let rows = [
            ("column-package", format!("{} ({name})", printer.head(&app.trade_mark))),
            ("column-description", app.description.clone()),
            ("field-website", detail.website.clone()),
            ("field-categories", app.categories.join(", ")),
            ("field-versions", versions.join(", ")),
            ("field-needs", if is_told { printer.text("needs", &needs) } else { String::new() }),
            ("field-architectures", detail.architectures.join(", ")),
            ("field-services", services.join("\n")),
            ("column-policy", policy_text(printer, &app.policy)),
            ("field-warnings", warnings_text(printer, &detail.warnings)),
            ("field-note", note.clone()),
            ("field-remarks", remarks.join("\n")),
            ("field-install", format!("appmanage install {name} myapp")),
        ];
        let rows = rows.map(|(id, value)| (printer.text(id, &[]), value));
        let variables = variables_table(printer, variables);
        let gap = if variables.is_empty() { "" } else { "\n" };
        format!("{}{gap}{variables}", printer.fields(&rows))
    })?;
    Ok(())
}
