//! `catalog check`: what of a catalog in a folder can be installed. The work is done by whoever the process belongs to;
//! here is what people are told of it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wire::{CatalogCheckInfo, CheckedPackageInfo};

use crate::args::Check;
use crate::failure::{Failure, exit};
use crate::printer::{Printer, clean};
use crate::table::Table;
use crate::{CannotCheck, Context};

pub(super) async fn check(context: &Context, arguments: &Check) -> Result<(), Failure> {
    let printer = &context.printer;
    let bar = bar(context);
    let moving = bar.clone();
    let message = printer.text("now-checking", &[]);
    let told = Box::new(move |done: usize, of: usize| {
        moving.set_length(of as u64);
        moving.set_position(done as u64);
        moving.set_message(message.clone());
    });
    let check = context.surroundings.check_catalog;
    let checked = check(arguments.path.clone(), arguments.format.clone(), told).await;
    bar.finish_and_clear();
    let checked = checked.map_err(|error| failure(printer, &error))?;
    printer.answer(&checked, || text(printer, &checked))?;
    let totals = checked.totals;
    if totals.unreadable + totals.not_clean > 0 {
        Err(Failure::Found { exit_code: exit::FAILED })
    } else {
        Ok(())
    }
}

/// A bar where somebody sees it.
fn bar(context: &Context) -> ProgressBar {
    let is_seen = console::Term::stderr().is_term() && !context.surroundings.has_dumb_terminal();
    if context.printer.quiet || !is_seen {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{msg} [{bar:24}] {pos} / {len}").expect("the template is our own");
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style.progress_chars("=> "))
}

fn failure(printer: &Printer, error: &CannotCheck) -> Failure {
    let message = match error {
        CannotCheck::Folder(error) => printer.text("uncheckable-folder", &[("detail", &error.to_string())]),
        CannotCheck::NoSuchFormat { known } => {
            printer.text("uncheckable-no-such-format", &[("known", &known.join(", "))])
        }
        CannotCheck::UnknownFormat => printer.text("uncheckable-format", &[]),
        CannotCheck::NoCompose(detail) => printer.text("uncheckable-compose", &[("detail", detail)]),
        CannotCheck::Disk(error) => printer.text("uncheckable-disk", &[("detail", &error.to_string())]),
    };
    Failure::Usage(message)
}

fn text(printer: &Printer, checked: &CatalogCheckInfo) -> String {
    let mut table =
        Table::of(printer.texts(["column-package", "column-outcome", "column-reason"])).cut_last();
    for package in &checked.packages {
        let outcome = printer.coloured(&printer.word("checked", &package.outcome), colour(package));
        table.row([clean(&package.name), outcome, clean(&package.reasons.join("; "))]);
    }
    let notes: Vec<Option<String>> = checked
        .packages
        .iter()
        .map(|package| {
            Some(clean(&package.remarks.join("\n"))).filter(|remarks| !remarks.is_empty() && !printer.quiet)
        })
        .collect();
    let totals = checked.totals;
    let figures = [
        ("packages", totals.packages),
        ("installable", totals.installable),
        ("needs_input", totals.needs_input),
        ("refused", totals.refused),
        ("not_clean", totals.not_clean),
        ("unreadable", totals.unreadable),
        ("hidden", totals.hidden),
    ];
    let figures: Vec<(&str, String)> =
        figures.iter().map(|(name, figure)| (*name, figure.to_string())).collect();
    let mut variables: Vec<(&str, &str)> =
        figures.iter().map(|(name, figure)| (*name, figure.as_str())).collect();
    variables.push(("format", &checked.format));
    format!("{}\n{}\n", printer.table_with_notes(&table, &notes), printer.text("checked-totals", &variables))
}

fn colour(package: &CheckedPackageInfo) -> &'static str {
    match package.outcome.as_str() {
        "installable" => "ok",
        "not_clean" | "unreadable" => "problem",
        "hidden" => "stop",
        _ => "unknown",
    }
}
