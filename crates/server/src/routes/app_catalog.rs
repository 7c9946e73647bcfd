//! AppCatalog: what can be installed, page by page.

use control::PolicyReport;
use control::ports::CatalogEntry;
use control::queries::app_catalog::CatalogFilter;
use domain::ErrorCode;
use domain::package::Text;
use wire::{AppCatalogParameters, CatalogAppInfo, PolicyInfo, RiskInfo, WarningInfo};

use super::images;
use crate::error::{Nothing, Refusal};
use crate::interface::{Call, Interface};
use crate::language::Language;
use crate::limits::{PACKAGES_DEFAULT, PACKAGES_MAX};
use crate::messages;

pub(crate) struct AppCatalog;

impl Interface for AppCatalog {
    const NAME: &'static str = "AppCatalog";
    const SUMMARY: &'static str =
        "Tell what can be installed, by name, and what each package may do on the host. Page by page.";
    const CHANGES: bool = false;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &["search", "category", "catalog", "limit", "after"];
    const LITERALS: &'static [&'static str] = &["limit"];
    const CODES: &'static [ErrorCode] = &[ErrorCode::LimitFormat];
    type Parameters = AppCatalogParameters;
    type Data = Vec<CatalogAppInfo>;
    type Item = CatalogAppInfo;

    fn example() -> Vec<CatalogAppInfo> {
        vec![CatalogAppInfo {
            name: "wordpress".into(),
            trade_mark: "WordPress".into(),
            description: "Websites and blogs of any size.".into(),
            categories: vec!["website".into(), "blog".into()],
            version: "6.8".into(),
            catalog: "builtin".into(),
            image_url: images::url("", "wordpress", "builtin"),
            official_app: true,
            policy: PolicyInfo { verdict: "allowed".into(), risks: Vec::new() },
        }]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<CatalogAppInfo>, Refusal> {
        let given = &call.parameters;
        let filter = CatalogFilter {
            search: given.optional("search").unwrap_or_default().to_owned(),
            category: given.optional("category").map(str::to_owned),
            catalog: given.optional("catalog").map(str::to_owned),
            after: given.optional("after").map(str::to_owned),
            limit: given.limit(PACKAGES_DEFAULT, PACKAGES_MAX)?,
        };
        let found = call.control.app_catalog(&filter);
        Ok(found.iter().map(|(entry, policy)| catalog_app_info(entry, policy, call)).collect())
    }
}

/// A package as clients see it.
pub(crate) fn catalog_app_info(
    entry: &CatalogEntry,
    policy: &PolicyReport,
    call: &Call<'_>,
) -> CatalogAppInfo {
    CatalogAppInfo {
        name: entry.name.clone(),
        catalog: entry.catalog.clone(),
        trade_mark: entry.trademark.clone(),
        description: spoken(&entry.description, call.language),
        categories: entry.categories.clone(),
        version: entry.version.clone(),
        image_url: images::url(call.base, &entry.name, &entry.catalog),
        official_app: entry.official,
        policy: policy_info(policy, call.language),
    }
}

/// What a package may do, as clients see it.
pub(crate) fn policy_info(policy: &PolicyReport, language: Language) -> PolicyInfo {
    let risk = |risk: &domain::Risk| RiskInfo {
        rule: risk.rule.as_str().into(),
        service: risk.service.clone(),
        subject: risk.subject.clone(),
        message: messages::of_risk(language, risk),
    };
    PolicyInfo { verdict: policy.verdict.as_str().into(), risks: policy.risks.iter().map(risk).collect() }
}

/// What has to be known of a package before it is installed.
pub(crate) fn warnings(has_fixed_password: bool, language: Language) -> Vec<WarningInfo> {
    let fixed_password = || WarningInfo {
        warning: "fixed_password".into(),
        message: messages::text(language, "warning-fixed-password", &[]),
    };
    has_fixed_password.then(fixed_password).into_iter().collect()
}

/// A package's text in the caller's language.
pub(crate) fn spoken(text: &Text, language: Language) -> String {
    match language {
        Language::Chinese => text.zh.clone(),
        Language::English => text.en.clone(),
    }
}
