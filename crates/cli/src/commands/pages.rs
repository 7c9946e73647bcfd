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

/// The page of the program, with a section for each command.
pub(super) fn manual(context: &Context) -> Result<(), Failure> {
    let mut program = context.program.clone();
    program.build();
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(program.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    page.push_str(".SH COMMANDS\n");
    add_commands(&mut page, &program);
    context.printer.answer(&json!({ "page": page }), || page.clone())?;
    Ok(())
}

/// Those that do something, here and below. What all of them take stands at the head of the page.
fn add_commands(page: &mut String, command: &clap::Command) {
    for below in command.get_subcommands().filter(|command| command.get_name() != "help") {
        if below.has_subcommands() {
            add_commands(page, below);
            continue;
        }
        let usage = below.clone().render_usage().to_string();
        let text = |styled: Option<&clap::builder::StyledStr>| {
            roff(&styled.map(ToString::to_string).unwrap_or_default())
        };
        page.push_str(&format!(
            ".SS {}\n{}\n",
            roff(usage.trim_start_matches("Usage: ")),
            text(below.get_about())
        ));
        let own = below.get_arguments().filter(|argument| !argument.is_global_set());
        for argument in own {
            page.push_str(&format!(".TP\n{}\n{}\n", roff(&argument.to_string()), text(argument.get_help())));
        }
        page.push_str(&format!(".PP\n{}\n", text(below.get_after_help())));
    }
}

/// Text that the page shows as it is.
fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace("\n.", "\n\\&.").replace("\n'", "\n\\&'")
}
