//! `install --plan`: what an install would do, and what stands in its way.

use wire::{PlanInfo, PolicyInfo, WarningInfo};

use super::install::parameters;
use crate::Context;
use crate::args::Install;
use crate::failure::{Failure, exit};
use crate::printer::Printer;
use crate::units::bytes;

pub(super) async fn plan(context: &Context, arguments: &Install) -> Result<(), Failure> {
    let plan: PlanInfo = context.client.call("AppPlan", &parameters(arguments)).await?;
    context.printer.answer(&plan, || text(&context.printer, &plan))?;
    // As an install would end.
    if plan.obstacles.is_empty() { Ok(()) } else { Err(Failure::Found { exit_code: exit::FAILED }) }
}

fn text(printer: &Printer, plan: &PlanInfo) -> String {
    let images: Vec<String> = plan
        .images
        .iter()
        .map(|image| {
            let id = match (image.is_present, image.is_size_known) {
                (true, _) => "image-present",
                (false, true) => "image-to-pull",
                (false, false) => "image-of-unknown-size",
            };
            printer.text(id, &[("image", &image.image), ("size", &bytes(image.bytes))])
        })
        .collect();
    let ports: Vec<String> = plan
        .ports
        .iter()
        .map(|port| format!("{} → {} {}/{}", port.port, port.service, port.target, port.protocol))
        .collect();
    let subnets: Vec<String> =
        plan.subnets.iter().map(|one| format!("{} ({})", one.subnet, one.network)).collect();
    let obstacles: Vec<String> = plan
        .obstacles
        .iter()
        .map(|obstacle| printer.coloured(&obstacle.message, "problem") + " [" + &obstacle.code + "]")
        .collect();
    let download = match (plan.is_download_known, plan.download_bytes) {
        (true, size) => bytes(size),
        (false, 0) => printer.text("download-unknown", &[]),
        (false, size) => printer.text("download-at-least", &[("size", &bytes(size))]),
    };
    let verdict = match obstacles.is_empty() {
        true => printer.coloured(&printer.text("plan-sound", &[]), "ok"),
        false => obstacles.join("\n"),
    };
    let rows = [
        ("column-package", format!("{} {}", plan.app_name, plan.version)),
        ("field-images", images.join("\n")),
        ("field-download", download),
        ("field-disk", bytes(plan.disk_bytes)),
        ("column-memory", bytes(plan.memory_bytes)),
        ("field-ports", ports.join("\n")),
        ("field-subnets", subnets.join("\n")),
        ("column-policy", policy_text(printer, &plan.policy)),
        ("field-warnings", warnings_text(printer, &plan.warnings)),
        ("field-verdict", verdict),
    ];
    printer.fields(&rows.map(|(id, value)| (printer.text(id, &[]), value)))
}

/// What has to be known, a line each.
pub(super) fn warnings_text(printer: &Printer, warnings: &[WarningInfo]) -> String {
    let told: Vec<String> =
        warnings.iter().map(|warning| printer.coloured(&warning.message, "problem")).collect();
    told.join("\n")
}

/// The verdict, with what the package may do on the host.
pub(super) fn policy_text(printer: &Printer, policy: &PolicyInfo) -> String {
    let verdict = printer.coloured(&printer.word("policy", &policy.verdict), &policy.verdict);
    policy.risks.iter().fold(verdict, |text, risk| text + "\n- " + &risk.message)
}
