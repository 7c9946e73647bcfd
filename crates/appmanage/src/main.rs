//! The binary: command line, settings, wiring, start and stop. No logic of the product is here.

mod activation;
mod catalog_check;
mod client;
mod config;
mod data_dir;
#[cfg(test)]
mod documented;
mod gateway;
mod instance;
mod lifecycle;
mod own_limits;
mod serve;
mod surroundings;
mod telemetry;
mod trust;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use config::{ConfigError, Effective, Flags, Inputs};
use trust::TrustError;

/// The command line or the settings are wrong: another try mends nothing, so systemd makes none. (1 is any other failure,
/// 0 success.)
const EXIT_USAGE: u8 = 2;

/// Ends the help of every command that reads settings.
macro_rules! other_settings {
    () => {
        "There are more settings than flags. They stand in the configuration file, or in
the environment: APPMANAGE_ and the name in capitals with _ for each dot
(APPMANAGE_PUBLIC_HOST=apps.example). `appmanage settings` prints all of them
with their values; docs/configuration.md says what each means."
    };
}

/// Installs and runs self-hosted apps on this machine, and says truly how they are.
#[derive(Parser)]
#[command(name = "appmanage", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(flatten)]
    options: cli::Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    #[command(after_help = concat!(other_settings!(), "\n\nExample: appmanage serve --listen 127.0.0.1:5000"))]
    Serve(SettingFlags),
    /// Print the server's settings in force and where each comes from
    #[command(after_help = concat!(other_settings!(), "\n\nExample: appmanage settings"))]
    Settings(SettingFlags),
    /// Set up nginx in front of the server
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Example: appmanage gateway init --name apps.example.com"
    )]
    Gateway(gateway::GatewayCommand),
    #[command(flatten)]
    Client(cli::Command),
}

/// Flags that stand above the environment and the configuration file.
#[derive(Args)]
struct SettingFlags {
    /// Listen at HOST:PORT or unix:PATH; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,
    /// Where everything is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl SettingFlags {
    fn effective(self) -> Result<(Effective, Inputs), ConfigError> {
        let flags = Flags { config: self.config, data_dir: self.data_dir, listen: self.listen };
        let inputs = Inputs::of_process(flags)?;
        Ok((Effective::of(&inputs)?, inputs))
    }
}

fn main() -> ExitCode {
    let program = client::program(CommandLine::command());
    let CommandLine { options, command } = match parsed(program.clone()) {
        Ok(command_line) => command_line,
        Err(error) => error.exit(),
    };
    let done = match command {
        Command::Client(command) => return cli::run(&command, &options, client::surroundings(), program),
        Command::Serve(flags) => serve(flags),
        Command::Settings(flags) => print_settings(flags),
        Command::Gateway(command) => gateway::run(command),
    };
    done.map_or_else(|error| failure(&error), |()| ExitCode::SUCCESS)
}

fn parsed(mut program: clap::Command) -> Result<CommandLine, clap::Error> {
    let command_line =
        CommandLine::from_arg_matches(&program.try_get_matches_from_mut(std::env::args_os())?)?;
    let is_client = matches!(command_line.command, Command::Client(_));
    if !is_client && command_line.options.are_given() {
        let message =
            "serve, settings and gateway take no options of the client (--server, --output, --quiet, --lang)";
        return Err(program.error(ErrorKind::ArgumentConflict, message));
    }
    Ok(command_line)
}

fn serve(flags: SettingFlags) -> anyhow::Result<()> {
    let (effective, inputs) = flags.effective()?;
    let config = effective.config;
    telemetry::start(config.log_format, config.log_level.targets.clone());
    // Before there are threads.
    let handed_over = activation::HandedOver::of_process(&inputs.variables)?;
    serve::run(&config, handed_over, inputs.variables)
}

fn print_settings(flags: SettingFlags) -> anyhow::Result<()> {
    let (effective, _) = flags.effective()?;
    io::stdout().write_all(effective.to_toml().as_bytes())?;
    Ok(())
}

/// One line on standard error, for people.
fn failure(error: &anyhow::Error) -> ExitCode {
    // Nobody is left to be told if that fails.
    drop(writeln!(io::stderr(), "appmanage: {error:#}"));
    let are_settings_wrong = error.downcast_ref().is_some_and(ConfigError::is_lasting)
        || error.downcast_ref().is_some_and(TrustError::is_lasting);
    if are_settings_wrong { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
}
