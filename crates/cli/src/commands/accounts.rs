//! `user` and `key`: who may call.

use std::io::{self, BufRead};

use wire::{
    KeyAddParameters, KeyInfo, NameInfo, NameParameters, NewKeyInfo, NoParameters, PasswordInfo, UserInfo,
    UserParameters,
};

use crate::Context;
use crate::args::{Key, KeyAdd, Login, Named, User};
use crate::failure::Failure;
use crate::table::Table;
use crate::units;

/// Bytes that are read in search of the end of a password's line: many times the longest.
const PASSWORD_BYTES_MAX: u64 = 4096;

pub(super) async fn user(context: &Context, command: &User) -> Result<(), Failure> {
    match command {
        User::Add(arguments) => login(context, "UserAdd", "user-added", arguments).await,
        User::Password(arguments) => login(context, "UserPassword", "user-password-set", arguments).await,
        User::List => users(context).await,
        User::Remove(arguments) => remove(context, "UserRemove", "user-removed", arguments).await,
    }
}

pub(super) async fn key(context: &Context, command: &Key) -> Result<(), Failure> {
    match command {
        Key::Add(arguments) => add_key(context, arguments).await,
        Key::List => keys(context).await,
        Key::Revoke(arguments) => remove(context, "KeyRevoke", "key-revoked", arguments).await,
    }
}

/// A user's password: one that is given on standard input, or made by the server and shown once.
async fn login(context: &Context, interface: &str, done: &str, arguments: &Login) -> Result<(), Failure> {
    let Login { name, password_stdin } = arguments;
    let password = password_stdin.then(password_from_stdin).transpose()?;
    // The server would make one up.
    if password.as_deref() == Some("") {
        return Err(Failure::Usage(context.printer.text("no-password-given", &[])));
    }
    let parameters = UserParameters { name: name.clone(), password };
    let info: PasswordInfo = context.client.call(interface, &parameters).await?;
    let printer = &context.printer;
    printer.remark(&printer.text(done, &[("name", &info.name)]));
    if info.password.is_empty() {
        return Ok(printer.done(&info, String::new)?);
    }
    printer.answer(&info, || {
        printer.fields(&[
            (printer.text("field-user", &[]), info.name.clone()),
            (printer.text("field-password", &[]), info.password.clone()),
        ])
    })?;
    printer.remark(&printer.text("shown-once", &[]));
    Ok(())
}

/// The first line, without its end.
fn password_from_stdin() -> Result<String, Failure> {
    let mut line = String::new();
    io::Read::take(io::stdin().lock(), PASSWORD_BYTES_MAX).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn users(context: &Context) -> Result<(), Failure> {
    let users: Vec<UserInfo> = context.client.call("UserList", &NoParameters {}).await?;
    let printer = &context.printer;
    if users.is_empty() {
        printer.remark(&printer.text("no-users", &[]));
    }
    printer.answer(&users, || {
        if users.is_empty() {
            return String::new();
        }
        let mut table = Table::of(printer.texts(["field-user", "column-added"]));
        for UserInfo { name, created_at } in &users {
            table.row([name.clone(), units::time(created_at)]);
        }
        printer.table(&table)
    })?;
    Ok(())
}

async fn remove(context: &Context, interface: &str, done: &str, arguments: &Named) -> Result<(), Failure> {
    let parameters = NameParameters { name: arguments.name.clone() };
    let info: NameInfo = context.client.call(interface, &parameters).await?;
    let printer = &context.printer;
    printer.done(&info, || printer.text(done, &[("name", &info.name)]) + "\n")?;
    Ok(())
}

async fn add_key(context: &Context, arguments: &KeyAdd) -> Result<(), Failure> {
    let KeyAdd { name, full, days } = arguments;
    let scope = full.then(|| "full".to_owned());
    let parameters = KeyAddParameters { name: name.clone(), scope, days: *days };
    let info: NewKeyInfo = context.client.call("KeyAdd", &parameters).await?;
    let printer = &context.printer;
    printer.answer(&info, || {
        printer.fields(&[
            (printer.text("field-key", &[]), info.key.clone()),
            (printer.text("column-scope", &[]), printer.word("scope", &info.scope)),
            (printer.text("column-expires", &[]), ending(context, &info.expires_at)),
        ])
    })?;
    printer.remark(&printer.text("shown-once", &[]));
    Ok(())
}

async fn keys(context: &Context) -> Result<(), Failure> {
    let keys: Vec<KeyInfo> = context.client.call("KeyList", &NoParameters {}).await?;
    let printer = &context.printer;
    if keys.is_empty() {
        printer.remark(&printer.text("no-keys", &[]));
    }
    printer.answer(&keys, || {
        if keys.is_empty() {
            return String::new();
        }
        let head = ["field-key", "column-scope", "column-added", "column-expires", "column-used"];
        let mut table = Table::of(printer.texts(head));
        for KeyInfo { name, scope, created_at, expires_at, expired, last_used_at } in &keys {
            let expires = match expired {
                true => printer.coloured(&printer.text("key-expired", &[]), "error"),
                false => ending(context, expires_at),
            };
            let used =
                if last_used_at.is_empty() { printer.text("never", &[]) } else { units::time(last_used_at) };
            table.row([name.clone(), printer.word("scope", scope), units::time(created_at), expires, used]);
        }
        printer.table(&table)
    })?;
    Ok(())
}

fn ending(context: &Context, expires_at: &str) -> String {
    if expires_at.is_empty() { context.printer.text("never", &[]) } else { units::time(expires_at) }
}
