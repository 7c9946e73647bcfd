//! One file for each interface of the API, and for each thing that is served beside it.

pub(crate) mod app_audit;
pub(crate) mod app_cancel;
pub(crate) mod app_catalog;
pub(crate) mod app_catalog_detail;
pub(crate) mod app_config;
pub(crate) mod app_events;
pub(crate) mod app_install;
pub(crate) mod app_list;
pub(crate) mod app_logs;
pub(crate) mod app_operation;
pub(crate) mod app_operations;
pub(crate) mod app_plan;
pub(crate) mod app_stats;
pub(crate) mod app_status;
pub(crate) mod app_trash;
pub(crate) mod app_uninstall;
pub(crate) mod catalogs;
pub(crate) mod documents;
pub(crate) mod domains;
pub(crate) mod health;
pub(crate) mod images;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod metrics;
pub(crate) mod users;
pub(crate) mod verbs;
