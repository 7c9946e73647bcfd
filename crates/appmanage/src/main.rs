//! The binary: command line, settings, wiring, start and stop. No logic of the product is here.

mod config;
mod data_dir;
mod instance;
mod lifecycle;
mod serve;
mod surroundings;
mod telemetry;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use config::{ConfigError, Effective, Flags, Inputs};

/// The command line was wrong. (1 is any other failure, 0 success.)
const EXIT_USAGE: u8 = 2;

/// Ends the help of every command that reads settings.
const OTHER_SETTINGS: &str = "\
There are more settings than flags. They stand in the configuration file, or in the environment: APPMANAGE_ and
the name in capitals with _ for each dot (APPMANAGE_PUBLIC_HOST=apps.example). `appmanage config` prints all of
them with their values; docs/configuration.md says what each means.";

/// Installs and runs self-hosted apps on this machine, and says truly how they are.
#[derive(Parser)]
#[command(name = "appmanage", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(SettingFlags),
    /// Print the settings in force and where each comes from
    Config(SettingFlags),
}

/// Flags that stand above the environment and the configuration file.
#[derive(Args)]
#[command(after_help = OTHER_SETTINGS)]
struct SettingFlags {
    /// Where to listen: HOST:PORT or unix:PATH; may be given more than once [default: unix:appmanage.sock (in
    /// the data directory) and 127.0.0.1:5000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,
    /// Where everything is kept [default: /var/lib/appmanage; for other users than root
    /// ~/.local/state/appmanage]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The configuration file [default: /etc/appmanage/appmanage.toml; for other users than root
    /// ~/.config/appmanage/appmanage.toml]
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
    let done = match CommandLine::parse().command {
        Command::Serve(flags) => serve(flags),
        Command::Config(flags) => print_config(flags),
    };
    done.map_or_else(|error| failure(&error), |()| ExitCode::SUCCESS)
}

fn serve(flags: SettingFlags) -> anyhow::Result<()> {
    let (effective, inputs) = flags.effective()?;
    let config = effective.config;
    telemetry::start(config.log_format, config.log_level.targets.clone());
    serve::run(&config, inputs.variables)
}

fn print_config(flags: SettingFlags) -> anyhow::Result<()> {
    let (effective, _) = flags.effective()?;
    io::stdout().write_all(effective.to_toml().as_bytes())?;
    Ok(())
}

/// One line on standard error, for people.
fn failure(error: &anyhow::Error) -> ExitCode {
    // Nobody is left to be told if that fails.
    drop(writeln!(io::stderr(), "appmanage: {error:#}"));
    let is_usage = error.downcast_ref::<ConfigError>().is_some_and(ConfigError::is_usage);
    if is_usage { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
}
