//! What can be typed: the commands, their arguments, a line of help for each and an example.
//!
//! The Chinese help is in `messages/help_zh.ftl`; `help` puts it in place. What a command does is in `commands`.

mod catalog;

pub(crate) use catalog::*;

use clap::{Args, Subcommand, ValueEnum};

use crate::language::Language;

/// In help, a command's own options come before these.
const LAST: usize = 1000;

/// What every command of the client takes, before or after its name.
#[derive(Args, Debug)]
pub struct Options {
    /// Where the server is: unix:PATH or http://HOST:PORT
    #[arg(long, global = true, value_name = "ADDRESS", display_order = LAST)]
    pub(crate) server: Option<String>,
    /// text for people, json for programs
    #[arg(
        long,
        short,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true,
        display_order = LAST
    )]
    pub(crate) output: Format,
    /// Print only what was asked for, and errors
    #[arg(long, short, global = true, display_order = LAST)]
    pub(crate) quiet: bool,
    /// zh or en, instead of what LANG says
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = Language::of_flag, display_order = LAST)]
    pub(crate) lang: Option<Language>,
}

impl Options {
    /// Whether any was given: to a command that is no client they mean nothing.
    #[must_use]
    pub fn are_given(&self) -> bool {
        self.server.is_some() || self.output != Format::Text || self.quiet || self.lang.is_some()
    }
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one document, or one line for each thing that is followed.
    Json,
}

/// The commands of the client.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Install an app
    #[command(after_help = "Example: appmanage install wordpress myblog --version 6 --wait")]
    Install(Install),
    /// List the apps, how they are and where to reach them
    #[command(after_help = "Example: appmanage list")]
    List(List),
    /// Show how an app is, where to reach it and what was last done to it
    #[command(after_help = "Example: appmanage status myblog")]
    Status(Status),
    /// Start an app
    #[command(after_help = "Example: appmanage start myblog --wait")]
    Start(Verb),
    /// Stop an app; its data stays
    #[command(after_help = "Example: appmanage stop myblog")]
    Stop(Verb),
    /// Stop and start an app
    #[command(after_help = "Example: appmanage restart myblog --wait")]
    Restart(Verb),
    /// Uninstall an app; its data goes to the recycle bin
    #[command(after_help = "Example: appmanage uninstall myblog")]
    Uninstall(Uninstall),
    /// List the apps in the recycle bin
    #[command(after_help = "Example: appmanage trash")]
    Trash,
    /// Bring an app back from the recycle bin, with its data and passwords
    #[command(after_help = "Example: appmanage restore myblog --wait")]
    Restore(Verb),
    /// Delete an app in the recycle bin for good, with all its data
    #[command(after_help = "Example: appmanage purge myblog --yes")]
    Purge(Purge),
    /// Stop what is being done to an app, and undo it
    #[command(after_help = "Example: appmanage cancel myblog")]
    Cancel(Verb),
    /// Show what the services of an app write
    #[command(after_help = "Example: appmanage logs myblog db --since 10m -f")]
    Logs(Logs),
    /// Follow what happens to all apps or to one, until Ctrl-C
    #[command(after_help = "Example: appmanage events myblog")]
    Events(Events),
    /// Show what was done to all apps or to one, and how it went
    #[command(after_help = "Example: appmanage operations myblog --limit 5")]
    Operations(Operations),
    /// Show what the apps take of processor, memory, network and disk
    #[command(after_help = "Example: appmanage stats")]
    Stats(Stats),
    /// Show or change the variables of an app
    #[command(after_help = "Example: appmanage config vault --set SIGNUPS_ALLOWED=true --wait")]
    Config(Config),
    /// Look for apps to install
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Example: appmanage catalog search blog"
    )]
    Catalog(Catalog),
    /// Give apps domain names of their own, with certificates
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Example: appmanage domain add myblog blog.example.com"
    )]
    Domain(Domain),
    /// Take over a compose project that already runs, without restarting it
    #[command(after_help = "Example: appmanage adopt shop")]
    Adopt(Verb),
    /// Print the address of an app, and open it where there is a browser
    #[command(after_help = "Example: appmanage open myblog")]
    Open(OneApp),
    /// Show how to log in to an app
    #[command(after_help = "Example: appmanage password myblog")]
    Password(OneApp),
    /// Manage the people who may call the server through the gateway
    #[command(subcommand, disable_help_subcommand = true, after_help = "Example: appmanage user add alice")]
    User(User),
    /// Manage the API keys of programs that call the server through the gateway
    #[command(subcommand, disable_help_subcommand = true, after_help = "Example: appmanage key list")]
    Key(Key),
    /// Show who changed what, and from where
    #[command(after_help = "Example: appmanage audit --limit 50")]
    Audit(Audit),
    /// Check that everything works, and say what to do about what does not
    #[command(after_help = "Example: appmanage doctor")]
    Doctor,
    /// Print what makes a shell complete commands and options
    #[command(after_help = "Example: appmanage completions bash > /etc/bash_completion.d/appmanage")]
    Completions(Completions),
    /// Print the manual page
    #[command(after_help = "Example: appmanage man | man -l -")]
    Man,
}

/// `install`.
#[derive(Args, Debug)]
pub struct Install {
    /// What to install, as the catalog names it
    pub(crate) package: String,
    /// The name to give it: digits and lowercase letters
    pub(crate) app: String,
    /// The version to install
    #[arg(long, value_name = "VERSION", default_value = "latest")]
    pub(crate) version: String,
    /// Give a variable a value; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = Setting::of_flag)]
    pub(crate) set: Vec<Setting>,
    /// Wait until it runs, and show how far it is
    #[arg(long, conflicts_with = "plan")]
    pub(crate) wait: bool,
    /// Only say what would be done, and what hinders it
    #[arg(long)]
    pub(crate) plan: bool,
}

/// `list`.
#[derive(Args, Debug)]
pub struct List {
    /// Only those of this package
    pub(crate) package: Option<String>,
}

/// `status`.
#[derive(Args, Debug)]
pub struct Status {
    /// The app
    pub(crate) app: String,
    /// Wait until what is being done has ended
    #[arg(long)]
    pub(crate) wait: bool,
}

/// A command that changes one app and asks nothing else.
#[derive(Args, Debug)]
pub struct Verb {
    /// The app
    pub(crate) app: String,
    /// Wait until it is done, and show how far it is
    #[arg(long)]
    pub(crate) wait: bool,
}

/// `uninstall`.
#[derive(Args, Debug)]
pub struct Uninstall {
    /// The app
    pub(crate) app: String,
    /// Delete its data for good instead of keeping it
    #[arg(long)]
    pub(crate) purge: bool,
    /// Do not ask before data is deleted
    #[arg(long, short, requires = "purge")]
    pub(crate) yes: bool,
    /// Wait until it is done, and show how far it is
    #[arg(long)]
    pub(crate) wait: bool,
}

/// `purge`.
#[derive(Args, Debug)]
pub struct Purge {
    /// The app
    pub(crate) app: String,
    /// Do not ask before data is deleted
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Wait until it is done, and show how far it is
    #[arg(long)]
    pub(crate) wait: bool,
}

/// `logs`.
#[derive(Args, Debug)]
pub struct Logs {
    /// The app
    pub(crate) app: String,
    /// Only what this service writes
    pub(crate) service: Option<String>,
    /// Go on with new lines until Ctrl-C
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// How many of the last lines
    #[arg(long, short = 'n', value_name = "LINES", default_value_t = 100)]
    pub(crate) tail: u32,
    /// Only lines since then: 10m or 2026-11-22T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
}

/// `events`.
#[derive(Args, Debug)]
pub struct Events {
    /// Only what happens to this app
    pub(crate) app: Option<String>,
    /// First tell what happened since this event
    #[arg(long, value_name = "NUMBER")]
    pub(crate) after: Option<u64>,
}

/// `operations`.
#[derive(Args, Debug)]
pub struct Operations {
    /// Only what was done to this app
    pub(crate) app: Option<String>,
    /// How many of the newest, 100 at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    pub(crate) limit: u32,
    /// Only those older than this operation
    #[arg(long, value_name = "OPERATION")]
    pub(crate) before: Option<String>,
}

/// `stats`.
#[derive(Args, Debug)]
pub struct Stats {
    /// Only this app, with each of its services
    pub(crate) app: Option<String>,
}

/// `config`.
#[derive(Args, Debug)]
pub struct Config {
    /// The app
    pub(crate) app: String,
    /// Give a variable another value; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = Setting::of_flag)]
    pub(crate) set: Vec<Setting>,
    /// Wait until it runs with it, and show how far it is
    #[arg(long, requires = "set")]
    pub(crate) wait: bool,
}

/// `user`.
#[derive(Subcommand, Debug)]
pub enum User {
    /// Add a user, with a password that is made and shown once
    #[command(after_help = "Example: appmanage user add alice")]
    Add(Login),
    /// List the users
    #[command(after_help = "Example: appmanage user list")]
    List,
    /// Remove a user, who is not let in any more at once
    #[command(after_help = "Example: appmanage user remove alice")]
    Remove(Named),
    /// Give a user another password, which is made and shown once
    #[command(after_help = "Example: appmanage user password alice")]
    Password(Login),
}

/// `key`.
#[derive(Subcommand, Debug)]
pub enum Key {
    /// Make an API key, which is shown once
    #[command(after_help = "Example: appmanage key add monitoring --days 90")]
    Add(KeyAdd),
    /// List the API keys, and when each was last used
    #[command(after_help = "Example: appmanage key list")]
    List,
    /// Revoke an API key: it is good for nothing at once
    #[command(after_help = "Example: appmanage key revoke monitoring")]
    Revoke(Named),
}

/// `user add` and `user password`.
#[derive(Args, Debug)]
pub struct Login {
    /// The user: lowercase letters, digits and . _ -
    pub(crate) name: String,
    /// Read the password from standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// `key add`.
#[derive(Args, Debug)]
pub struct KeyAdd {
    /// What to call it: lowercase letters, digits and . _ -
    pub(crate) name: String,
    /// Let it change things, not only look
    #[arg(long)]
    pub(crate) full: bool,
    /// After how many days it expires; without it, never
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<u32>,
}

/// A command about one user or key.
#[derive(Args, Debug)]
pub struct Named {
    /// Its name
    pub(crate) name: String,
}

/// `audit`.
#[derive(Args, Debug)]
pub struct Audit {
    /// How many of the newest, 100 at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    pub(crate) limit: u32,
    /// Only those older than the one of this number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) before: Option<String>,
}

/// `domain`.
#[derive(Subcommand, Debug)]
pub enum Domain {
    /// Let a domain name lead to an app
    #[command(after_help = "Example: appmanage domain add myblog blog.example.com")]
    Add(DomainOfApp),
    /// List domain names, and how it stands with their certificates
    #[command(after_help = "Example: appmanage domain list")]
    List(DomainList),
    /// Take a domain name from an app
    #[command(after_help = "Example: appmanage domain remove myblog blog.example.com")]
    Remove(DomainOfApp),
}

/// `domain add`, `domain remove`.
#[derive(Args, Debug)]
pub struct DomainOfApp {
    /// The app
    pub(crate) app: String,
    /// The name, such as blog.example.com
    pub(crate) domain: String,
}

/// `domain list`.
#[derive(Args, Debug)]
pub struct DomainList {
    /// Only those of this app
    pub(crate) app: Option<String>,
}

/// A command about one app.
#[derive(Args, Debug)]
pub struct OneApp {
    /// The app
    pub(crate) app: String,
}

/// `completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// bash, elvish, fish, powershell or zsh
    #[arg(hide_possible_values = true)]
    pub(crate) shell: clap_complete::Shell,
}

/// A variable of a package and the value to give it.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Setting {
    /// `KEY=VALUE`; the value may be empty.
    fn of_flag(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err("write KEY=VALUE".to_owned()),
        }
    }
}
