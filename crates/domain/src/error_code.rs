//! The contract's error codes: one closed table. What each means in words is `server`'s messages.

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The codes a client can receive, spelled as the contract's tables spell them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// Every code, for tests and documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as clients see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

error_codes! {
    /// AppInstall: no `app_name`.
    AppNameBlank = "Param.App_name.Blank",
    /// AppInstall: no `customer_app_name`.
    CustomerAppNameBlank = "Param.CustomerAppName.Blank",
    /// AppInstall: `app_name` is in no catalog.
    AppUnknown = "Param.CustomerAppName.NotExis",
    /// AppInstall: `customer_app_name` has other characters, or more than 32.
    CustomerAppNameFormat = "Param.CustomerAppName.FormatError",
    /// AppInstall: the name is taken, by an app of ours or by something else on the engine.
    CustomerAppNameRepeat = "Param.CustomerAppName.Repeat",
    /// AppInstall: an install under that name is open.
    CustomerAppNameWait = "Param.CustomerAppName.Wait",
    /// AppInstall: cpu, memory, disk, subnets or ports do not suffice.
    RequirementNotEnough = "Requirement.NotEnough",
    /// No `app_id`.
    AppIdBlank = "Param.APP_ID.Blank",
    /// `app_id` has other characters than digits and lowercase letters.
    AppIdFormat = "Param.APP_ID.FormatError",
    /// No such app.
    AppNotExis = "APP.NotExis",
    /// The container engine failed or cannot be reached.
    ContainerCommandError = "ContainerCommandError",
    /// Anything else.
    SystemError = "SystemError",
    /// AppInstall: no `app_version`.
    AppVersionBlank = "Param.AppVersion.Blank",
    /// AppInstall: the app has no such version.
    AppVersionNotExis = "Param.AppVersion.NotExis",
    /// AppInstall, AppConfig: `settings` is no JSON object.
    SettingsFormat = "Param.Settings.FormatError",
    /// AppInstall, AppConfig: the package has no such variable.
    SettingsUnknown = "Param.Settings.Unknown",
    /// AppInstall, AppConfig: a value does not fit the kind of its variable.
    SettingsValue = "Param.Settings.ValueError",
    /// AppInstall, AppConfig: a variable that must be set has no value.
    SettingsMissing = "Param.Settings.Missing",
    /// AppInstall: the package asks for what is forbidden.
    PolicyRefused = "Policy.Refused",
    /// The header `Version` is absent or blank.
    HeaderVersionBlank = "Header.Version.Blank",
    /// The header `Language` is absent or blank.
    HeaderLanguageBlank = "Header.Language.Blank",
    /// That interface version is not served (HTTP 404).
    HeaderVersionNotExis = "Header.Version.NotExis",
    /// The request is malformed or too large.
    RequestFormatError = "Request.FormatError",
    /// Unknown path or method (HTTP 404).
    InterfaceNotExis = "Interface.NotExis",
    /// Another operation of the app is open.
    AppBusy = "APP.Busy",
    /// AppUninstall, AppConfig: this server did not install the app.
    AppNotManaged = "APP.NotManaged",
    /// AppAdopt: the app is under management already.
    AppManaged = "APP.Managed",
    /// AppUninstall: `data` is neither `keep` nor `purge`.
    DataFormat = "Param.Data.FormatError",
    /// AppRestore, AppPurge: no such app in the recycle bin.
    AppNotInTrash = "APP.NotInTrash",
    /// AppCancel: no operation of the app is open.
    OperationNotExis = "Operation.NotExis",
    /// AppCancel: the operation is deleting data already.
    OperationTooLate = "Operation.TooLate",
    /// `limit` is no number within its bounds.
    LimitFormat = "Param.Limit.FormatError",
    /// AppOperations: `before` names no operation.
    BeforeNotExis = "Param.Before.NotExis",
    /// AppEvents: `Last-Event-ID` or `last_event_id` is no number.
    LastEventIdFormat = "Param.LastEventId.FormatError",
    /// AppLogs: the app has no such service.
    ServiceNotExis = "Param.Service.NotExis",
    /// AppLogs: `tail` is no number from 0 to 10000.
    TailFormat = "Param.Tail.FormatError",
    /// AppLogs: `since` is no moment.
    SinceFormat = "Param.Since.FormatError",
    /// AppLogs: `follow` is neither true nor false.
    FollowFormat = "Param.Follow.FormatError",
    /// The caller may only look.
    AuthReadOnly = "Auth.ReadOnly",
    /// The interface is not for this kind of caller.
    AuthForbidden = "Auth.Forbidden",
    /// User, key and catalog interfaces: no `name`.
    NameBlank = "Param.Name.Blank",
    /// User and key interfaces, CatalogAdd: `name` is none.
    NameFormat = "Param.Name.FormatError",
    /// UserAdd, UserPassword: the password is too short, too long or has control characters.
    PasswordFormat = "Param.Password.FormatError",
    /// UserAdd: there is a user of that name.
    UserRepeat = "User.Repeat",
    /// UserPassword, UserRemove: there is no such user.
    UserNotExis = "User.NotExis",
    /// KeyAdd: there is a key of that name.
    KeyRepeat = "Key.Repeat",
    /// KeyRevoke: there is no such key.
    KeyNotExis = "Key.NotExis",
    /// UserAdd, KeyAdd: there are as many as there may be.
    AccountsTooMany = "Account.TooMany",
    /// KeyAdd: `scope` is neither read-only nor full.
    ScopeFormat = "Param.Scope.FormatError",
    /// KeyAdd: `days` is no number within its bounds.
    DaysFormat = "Param.Days.FormatError",
    /// AppAudit: `before` is no number.
    BeforeFormat = "Param.Before.FormatError",
    /// AppDomainAdd, AppDomainRemove: no `domain`.
    DomainBlank = "Param.Domain.Blank",
    /// AppDomainAdd, AppDomainRemove: `domain` is no domain name.
    DomainFormat = "Param.Domain.FormatError",
    /// AppDomainAdd: `domain` is a wildcard.
    DomainWildcard = "Param.Domain.Wildcard",
    /// AppDomainAdd: `domain` leads to an app, or to the server itself, already.
    DomainRepeat = "Param.Domain.Repeat",
    /// AppDomainAdd: the app has as many domains as it can have.
    DomainTooMany = "Param.Domain.TooMany",
    /// AppDomainAdd: `domain` does not resolve to this machine.
    DomainNotResolved = "Param.Domain.NotResolved",
    /// AppDomainRemove: the app has no such domain.
    DomainNotExis = "Param.Domain.NotExis",
    /// AppDomainAdd: the app's main port speaks no HTTP.
    AppNotWeb = "APP.NotWeb",
    /// AppDomainAdd: no gateway is configured.
    GatewayNotConfigured = "Gateway.NotConfigured",
    /// CatalogAdd: there is a catalog of that name.
    CatalogRepeat = "Catalog.Repeat",
    /// CatalogSync, CatalogRemove, CatalogTrust: there is no such catalog.
    CatalogNotExis = "Catalog.NotExis",
    /// CatalogAdd: there are as many catalogs as there may be.
    CatalogTooMany = "Catalog.TooMany",
    /// CatalogAdd: no `source`.
    SourceBlank = "Param.Source.Blank",
    /// CatalogAdd: `source`, or what is given beside it, is none.
    SourceFormat = "Param.Source.FormatError",
    /// CatalogAdd: `position` is no number within its bounds.
    PositionFormat = "Param.Position.FormatError",
    /// CatalogTrust: `trusted` is neither true nor false.
    TrustedFormat = "Param.Trusted.FormatError",
}
