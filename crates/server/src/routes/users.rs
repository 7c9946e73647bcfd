//! UserAdd, UserList, UserRemove, UserPassword: the people who may call.

use domain::{AccountName, ErrorCode, Secret};
use wire::{NameInfo, NameParameters, NoParameters, PasswordInfo, UserInfo, UserParameters};

use crate::details::rfc3339;
use crate::error::{Nothing, Refusal};
use crate::interface::{Audience, Call, Interface};

pub(crate) struct UserAdd;

impl Interface for UserAdd {
    const NAME: &'static str = "UserAdd";
    const SUMMARY: &'static str =
        "Add a user, who may do everything. A password that is not given is made and told once.";
    const CHANGES: bool = true;
    const AUDIENCE: Audience = Audience::Administrators;
    const PARAMETERS: &'static [&'static str] = &["name", "password"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::NameBlank,
        ErrorCode::NameFormat,
        ErrorCode::PasswordFormat,
        ErrorCode::UserRepeat,
        ErrorCode::AccountsTooMany,
    ];
    type Parameters = UserParameters;
    type Data = PasswordInfo;
    type Item = PasswordInfo;

    fn example() -> PasswordInfo {
        PasswordInfo { name: "alice".into(), password: "Zr3kTq9wXb5nLc7vHs2mJd8f".into() }
    }

    async fn answer(call: &Call<'_>) -> Result<PasswordInfo, Refusal> {
        let name = call.parameters.required("name", ErrorCode::NameBlank)?;
        Ok(password_info(call.control.access().add_user(name, password(call)).await?))
    }
}

pub(crate) struct UserPassword;

impl Interface for UserPassword {
    const NAME: &'static str = "UserPassword";
    const SUMMARY: &'static str = "Give a user another password; the old one is good for nothing at once. One that is not given is made and told once.";
    const CHANGES: bool = true;
    const AUDIENCE: Audience = Audience::Administrators;
    const PARAMETERS: &'static [&'static str] = &["name", "password"];
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::NameBlank, ErrorCode::NameFormat, ErrorCode::PasswordFormat, ErrorCode::UserNotExis];
    type Parameters = UserParameters;
    type Data = PasswordInfo;
    type Item = PasswordInfo;

    fn example() -> PasswordInfo {
        UserAdd::example()
    }

    async fn answer(call: &Call<'_>) -> Result<PasswordInfo, Refusal> {
        let name = call.parameters.required("name", ErrorCode::NameBlank)?;
        Ok(password_info(call.control.access().set_password(name, password(call)).await?))
    }
}

fn password(call: &Call<'_>) -> Option<Secret> {
    call.parameters.optional("password").map(Secret::from_text)
}

fn password_info((name, made): (AccountName, Option<Secret>)) -> PasswordInfo {
    let password = made.map(|made| made.reveal().to_owned()).unwrap_or_default();
    PasswordInfo { name: name.to_string(), password }
}

pub(crate) struct UserList;

impl Interface for UserList {
    const NAME: &'static str = "UserList";
    const SUMMARY: &'static str = "Tell which users there are, by name.";
    const CHANGES: bool = false;
    const AUDIENCE: Audience = Audience::Administrators;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &[];
    const CODES: &'static [ErrorCode] = &[];
    type Parameters = NoParameters;
    type Data = Vec<UserInfo>;
    type Item = UserInfo;

    fn example() -> Vec<UserInfo> {
        vec![UserInfo { name: "alice".into(), created_at: "2026-11-22T08:00:00Z".into() }]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<UserInfo>, Refusal> {
        let users = call.control.access().users().into_iter();
        let info = |user: domain::User| UserInfo {
            name: user.name.to_string(),
            created_at: rfc3339(user.created_at),
        };
        Ok(users.map(info).collect())
    }
}

pub(crate) struct UserRemove;

impl Interface for UserRemove {
    const NAME: &'static str = "UserRemove";
    const SUMMARY: &'static str = "Remove a user, who is not let in any more from this moment on.";
    const CHANGES: bool = true;
    const AUDIENCE: Audience = Audience::Administrators;
    const PARAMETERS: &'static [&'static str] = &["name"];
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::NameBlank, ErrorCode::NameFormat, ErrorCode::UserNotExis];
    type Parameters = NameParameters;
    type Data = NameInfo;
    type Item = NameInfo;

    fn example() -> NameInfo {
        NameInfo { name: "alice".into() }
    }

    async fn answer(call: &Call<'_>) -> Result<NameInfo, Refusal> {
        let name = call.parameters.required("name", ErrorCode::NameBlank)?;
        let name = call.control.access().remove_user(name).await?;
        Ok(NameInfo { name: name.to_string() })
    }
}
