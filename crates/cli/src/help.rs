//! The help in the language of whoever asks, and the screen that `appmanage --help` is.
//!
//! English is what `args` says; Chinese takes its place from `messages/help_zh.ftl`.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};

use crate::language::Language;
use crate::messages;

/// The command line with help in the language that the arguments or the environment ask for.
#[must_use]
pub fn localised(program: Command, arguments: &[String], variables: &BTreeMap<String, String>) -> Command {
    let language = Language::of_arguments(arguments).unwrap_or_else(|| Language::of_variables(variables));
    in_language(program, language)
}

fn in_language(program: Command, language: Language) -> Command {
    let screen = messages::text(language, "help-screen", &[]);
    // As an argument like the others it can be translated like the others.
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .global(true)
        .display_order(usize::MAX)
        .help("Print help");
    let program = program.disable_help_flag(true).arg(help);
    let program = match language {
        Language::English => program,
        Language::Chinese => translated(program, "help"),
    };
    program.help_template(screen + "\n")
}

/// Puts the Chinese help in place of the English, here and below. What has no translation stays as it is.
fn translated(command: Command, id: &str) -> Command {
    let text = |id: &str| messages::text(Language::Chinese, id, &[]);
    let find = |id: String| messages::find(Language::Chinese, &id, &[]);
    let mut positionals = 0;
    let example = command.get_after_help().map(ToString::to_string);
    let mut command = command
        .help_template(format!("{{about}}\n\n{}{{usage}}\n\n{{all-args}}{{after-help}}", text("help-usage")))
        .subcommand_help_heading(text("help-commands"))
        .mut_args(|argument| {
            let heading = if argument.is_positional() { "help-arguments" } else { "help-options" };
            let name = argument.get_id().as_str().replace('_', "-");
            let help = find(format!("{id}--{name}")).or_else(|| find(format!("help--{name}")));
            let argument = argument.help_heading(text(heading));
            // Under a heading of one's own the order is not that of the command line any more.
            positionals += 1;
            let order = if argument.is_positional() { positionals } else { argument.get_display_order() };
            let argument = argument.display_order(order);
            if let Some(help) = help { argument.help(help) } else { argument }
        });
    if let Some(about) = find(id.to_owned()) {
        command = command.about(about);
    }
    if let Some(example) = example {
        command = command.after_help(example.replace("Example: ", &text("help-example")));
    }
    command.mut_subcommands(|command| {
        let id = format!("{id}-{}", command.get_name());
        translated(command, &id)
    })
}

#[cfg(test)]
mod tests {
    use clap::Subcommand;

    use super::*;

    fn program(language: Language) -> Command {
        let program = Command::new("appmanage").about("About").version("1").arg_required_else_help(true);
        let program = <crate::Options as clap::Args>::augment_args(program);
        let mut program = in_language(crate::Command::augment_subcommands(program), language);
        program.build();
        program
    }

    /// Every command that does something, with the words that call it.
    fn commands(command: &Command, words: &str) -> Vec<(String, Command)> {
        let below = command.get_subcommands().filter(|command| command.get_name() != "help");
        below
            .flat_map(|command| {
                let words = format!("{words} {}", command.get_name());
                let own = [(words.clone(), command.clone())];
                own.into_iter().chain(commands(command, &words))
            })
            .collect()
    }

    #[test]
    fn every_help_is_translated() {
        for (words, mut command) in commands(&program(Language::Chinese), "appmanage") {
            let help = command.render_help().to_string();
            let about = help.lines().next().expect("it begins with what the command does");
            assert!(!about.is_ascii(), "{words}: {about}");
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_ascii(), "{words} {}: {help:?}", argument.get_id());
            }
        }
    }

    #[test]
    fn the_first_screen_names_every_command() {
        for language in [Language::English, Language::Chinese] {
            let mut program = program(language);
            let screen = program.render_help().to_string();
            let words: Vec<&str> = screen.split([' ', ',', '\n', ',']).collect();
            for command in program.get_subcommands() {
                assert!(words.contains(&command.get_name()), "{}\n{screen}", command.get_name());
            }
        }
    }
}
