//! AppConfig: what can be set of an app; with `settings`, a change of it.

use control::VariableSetting;
use domain::ErrorCode;
use domain::package::{ChoiceOption, VariableKind};
use wire::{AppConfigInfo, AppConfigParameters, VariableInfo, VariableOptionInfo};

use super::app_catalog::spoken;
use crate::error::Refusal;
use crate::interface::{Call, Interface};
use crate::language::Language;
use crate::parameters::Parameters;

pub(crate) struct AppConfig;

impl Interface for AppConfig {
    const NAME: &'static str = "AppConfig";
    const SUMMARY: &'static str = "Tell what can be set of an app; with `settings`, change it and apply it in the background. Secrets can be set, not read.";
    const CHANGES: bool = true;
    const PARAMETERS: &'static [&'static str] = &["app_id", "settings"];
    const OBJECTS: &'static [&'static str] = &["settings"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppIdBlank,
        ErrorCode::AppIdFormat,
        ErrorCode::AppNotExis,
        ErrorCode::AppNotManaged,
        ErrorCode::ContainerCommandError,
        ErrorCode::AppBusy,
        ErrorCode::SettingsFormat,
        ErrorCode::SettingsUnknown,
        ErrorCode::SettingsValue,
        ErrorCode::SettingsMissing,
    ];
    type Parameters = AppConfigParameters;
    type Data = AppConfigInfo;
    type Item = AppConfigInfo;

    fn example() -> AppConfigInfo {
        AppConfigInfo {
            app_id: "myblog".into(),
            variables: vec![VariableInfo {
                name: "WORDPRESS_DEBUG".into(),
                kind: "boolean".into(),
                label: "Show errors on the page".into(),
                value: "false".into(),
                default: "false".into(),
                is_set: false,
                is_required: false,
                options: Vec::new(),
            }],
        }
    }

    fn changes(parameters: &Parameters) -> bool {
        parameters.optional("settings").is_some()
    }

    async fn answer(call: &Call<'_>) -> Result<AppConfigInfo, Refusal> {
        let app_id = call.parameters.required("app_id", ErrorCode::AppIdBlank)?;
        if call.parameters.optional("settings").is_some() {
            call.control.configure(app_id, call.parameters.settings("settings")).await?;
        }
        let (app_id, variables) = call.control.app_config(app_id).await?;
        let variables = variables.into_iter().map(|variable| variable_info(variable, call.language));
        Ok(AppConfigInfo { app_id: app_id.to_string(), variables: variables.collect() })
    }
}

/// A variable as clients see it.
pub(crate) fn variable_info(variable: VariableSetting, language: Language) -> VariableInfo {
    let kind = match &variable.kind {
        VariableKind::Secret { .. } => "secret",
        VariableKind::Text { .. } => "text",
        VariableKind::Number { .. } => "number",
        VariableKind::Boolean { .. } => "boolean",
        VariableKind::Choice { .. } => "choice",
        VariableKind::Port { .. } => "port",
        VariableKind::Derived(_) | VariableKind::Token { .. } => "derived",
    };
    let (is_required, default) =
        (variable.kind.is_required(), variable.kind.default_text().unwrap_or_default());
    let options = match variable.kind {
        VariableKind::Choice { options, .. } => options,
        _ => Vec::new(),
    };
    let option = |option: ChoiceOption| VariableOptionInfo {
        value: option.value,
        label: spoken(&option.label, language),
    };
    VariableInfo {
        name: variable.name,
        kind: kind.into(),
        label: spoken(&variable.label, language),
        value: variable.value.unwrap_or_else(|| default.clone()),
        default,
        is_set: variable.is_set,
        is_required,
        options: options.into_iter().map(option).collect(),
    }
}
