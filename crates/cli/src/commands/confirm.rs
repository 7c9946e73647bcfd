//! Asks before something is deleted for good.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::Context;
use crate::failure::Failure;

/// Goes on where `yes` was given, or a person agrees; refuses where nobody can be asked.
pub(super) fn deletion(context: &Context, app: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let printer = &context.printer;
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::Usage(printer.text("confirm-impossible", &[])));
    }
    // In one piece: who is quick would answer between the question and its last space.
    let question = format!("{} ", printer.text("confirm-deletion", &[("app", app)]));
    io::stderr().write_all(question.as_bytes())?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" | "是" => Ok(()),
        _ => Err(Failure::Missing { id: "not-confirmed", app: app.to_owned() }),
    }
}
