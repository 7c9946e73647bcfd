//! `completions` and `man`: made from the command line itself, without a server.

use serde_json::json;

use crate::Context;
use crate::failure::Failure;

pub(super) fn completions(context: &Context, shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut context.program.clone(), "appmanage", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    context.printer.answer(&json!({ "script": script }), || script.clone())?;
    Ok(())
}

/// The page of the program, and below it that of each command.
pub(super) fn manual(context: &Context) -> Result<(), Failure> {
    let mut page = Vec::new();
    let mut program = context.program.clone();
    program.build();
    clap_mangen::Man::new(program.clone()).render(&mut page)?;
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        let man = clap_mangen::Man::new(command.clone());
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    let page = String::from_utf8_lossy(&page).into_owned();
    context.printer.answer(&json!({ "page": page }), || page.clone())?;
    Ok(())
}
