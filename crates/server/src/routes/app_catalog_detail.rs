//! AppCatalogDetail: all that is known of one package.

use control::VariableSetting;
use control::queries::app_catalog::CatalogPackage;
use domain::ErrorCode;
use domain::package::Variable;
use wire::{
    AppCatalogDetailParameters, CatalogDetailInfo, CatalogServiceInfo, RequirementsInfo, VariableInfo,
};

use super::app_catalog::{AppCatalog, catalog_app_info, spoken, warnings};
use super::app_config::variable_info;
use crate::error::Refusal;
use crate::interface::{Call, Interface};
use crate::language::Language;

pub(crate) struct AppCatalogDetail;

impl Interface for AppCatalogDetail {
    const NAME: &'static str = "AppCatalogDetail";
    const SUMMARY: &'static str = "Tell all that is known of one package: versions, requirements, what can be set, services, what it may do on the host.";
    const CHANGES: bool = false;
    const PARAMETERS: &'static [&'static str] = &["app_name"];
    const CODES: &'static [ErrorCode] = &[ErrorCode::AppNameBlank, ErrorCode::AppUnknown];
    type Parameters = AppCatalogDetailParameters;
    type Data = CatalogDetailInfo;
    type Item = CatalogDetailInfo;

    fn example() -> CatalogDetailInfo {
        CatalogDetailInfo {
            app: AppCatalog::example().swap_remove(0),
            website: "https://wordpress.org/".into(),
            architectures: vec!["amd64".into(), "arm64".into()],
            versions: vec!["6.8".into(), "6.7".into()],
            requirements: RequirementsInfo { cpu_cores: 1, memory_bytes: 512 << 20, disk_bytes: 2 << 30 },
            variables: vec![VariableInfo {
                name: "DATABASE_PASSWORD".into(),
                kind: "secret".into(),
                label: "Password of the database".into(),
                value: String::new(),
                default: String::new(),
                is_set: false,
                is_required: false,
                options: Vec::new(),
            }],
            services: vec![CatalogServiceInfo { name: "wordpress".into(), image: "wordpress:6.8".into() }],
            note: "Whoever opens it first owns it; do so at once.".into(),
            warnings: Vec::new(),
            remarks: Vec::new(),
        }
    }

    async fn answer(call: &Call<'_>) -> Result<CatalogDetailInfo, Refusal> {
        let name = call.parameters.required("app_name", ErrorCode::AppNameBlank)?;
        let CatalogPackage { package, entry, policy, remarks } =
            call.control.app_catalog_detail(name).await?;
        let newest = package.versions.first();
        let service = |service: &domain::package::Service| CatalogServiceInfo {
            name: service.name.clone(),
            image: newest
                .map_or_else(|| service.image.clone(), |newest| service.image_for(&newest.variables)),
        };
        let needed = package.requirements;
        let settable = package.variables.iter().filter(|variable| variable.kind.is_settable());
        Ok(CatalogDetailInfo {
            app: catalog_app_info(&entry, &policy, call),
            website: package.website.clone().unwrap_or_default(),
            architectures: package.architectures.clone(),
            versions: package.versions.iter().map(|version| version.name.clone()).collect(),
            requirements: RequirementsInfo {
                cpu_cores: needed.cpu_cores,
                memory_bytes: needed.memory_bytes,
                disk_bytes: needed.disk_bytes,
            },
            variables: settable.map(|variable| unset(variable, call.language)).collect(),
            services: package.services.iter().map(service).collect(),
            note: package.note.as_ref().map(|note| spoken(note, call.language)).unwrap_or_default(),
            warnings: warnings(package.has_fixed_password(), call.language),
            remarks,
        })
    }
}

/// A variable that no app has set.
fn unset(variable: &Variable, language: Language) -> VariableInfo {
    let Variable { name, kind, label } = variable.clone();
    let setting = VariableSetting { name, kind, label, value: None, is_set: false };
    VariableInfo { value: String::new(), ..variable_info(setting, language) }
}
