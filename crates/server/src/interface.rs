//! What an interface is, and the way of every call through one: method, headers, parameters, answer.
//!
//! The interfaces themselves are in `routes`, one file each.

use std::future::Future;
use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use axum::{Extension, Router, routing};
use control::Control;
use domain::{ErrorCode, Scope};
use futures_util::StreamExt;
use tracing::Instrument;
use utoipa::{IntoParams, ToSchema};

use crate::answer::Answer;
use crate::audit::Trail;
use crate::context::{Context, check_headers, value_of};
use crate::edge::Body;
use crate::error::{Nothing, Refusal, answered};
use crate::event_stream::{StreamDescription, Streaming};
use crate::gatekeeper::Caller;
use crate::language::Language;
use crate::openapi::Described;
use crate::parameters::{Known, Parameters};
use crate::{KnownInterface, Server};

/// One interface of the API.
pub(crate) trait Interface: 'static {
    /// Its name, which is its path.
    const NAME: &'static str;
    /// What it does, in one sentence.
    const SUMMARY: &'static str;
    /// Whether it can change anything: then pages of other sites may not call it, nor who may only look, and its
    /// calls are in the audit trail.
    const CHANGES: bool;
    /// For whom it is.
    const AUDIENCE: Audience = Audience::Everybody;
    /// What `ResponseData` is beside an error.
    const NOTHING: Nothing = Nothing::Object;
    /// The parameters that it knows.
    const PARAMETERS: &'static [&'static str];
    /// Those of them that JSON may also give as a number or a boolean.
    const LITERALS: &'static [&'static str] = &[];
    /// Those of them that are objects: JSON gives them as such, query and form as text that holds one.
    const OBJECTS: &'static [&'static str] = &[];
    /// The codes that it answers of its own, in the order of its checks; those of every interface
    /// ([`COMMON_CODES`]) are not repeated.
    const CODES: &'static [ErrorCode];
    /// The stream of events that it answers with, always or when asked to; `None` if it never does.
    const STREAM: Option<StreamDescription> = None;

    /// Its parameters, for documentation.
    type Parameters: IntoParams + ToSchema;
    /// What it answers: what `ResponseData` is, a stream of events, or either.
    type Data: Answer;
    /// What `ResponseData` is, for documentation; where `NOTHING` is a list, what it is a list of. Of a
    /// stream: what the `data` of its events is.
    type Item: ToSchema;

    /// Whether a call with these parameters would change anything.
    fn changes(_: &Parameters) -> bool {
        Self::CHANGES
    }

    /// An answer, for documentation; of a stream, one without events ([`Interface::STREAM`] has some).
    fn example() -> Self::Data;

    /// Answers a call whose form is sound.
    fn answer(call: &Call<'_>) -> impl Future<Output = Result<Self::Data, Refusal>> + Send;
}

/// For whom an interface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever is let in; to change something takes the full scope.
    Everybody,
    /// Who may do everything.
    FullScope,
    /// Who may manage users and keys: users and the local administrator, never keys.
    Administrators,
}

impl Audience {
    /// The codes of who is not meant, beside those of every interface.
    pub(crate) const fn codes(self, changes: bool) -> &'static [ErrorCode] {
        match (self, changes) {
            (Self::Everybody, false) => &[],
            (Self::Everybody, true) | (Self::FullScope, _) => &[ErrorCode::AuthReadOnly],
            (Self::Administrators, _) => &[ErrorCode::AuthForbidden],
        }
    }

    fn admits(self, caller: &Caller, changes: bool) -> Result<(), Refusal> {
        let needs_full_scope = changes || self == Self::FullScope;
        match self {
            Self::Administrators if !caller.identity.is_administrator() => Err(Refusal::Forbidden),
            _ if needs_full_scope && caller.scope != Scope::Full => Err(Refusal::ReadOnly),
            _ => Ok(()),
        }
    }
}

/// The codes that every interface can answer, in the order of the checks.
pub(crate) const COMMON_CODES: &[ErrorCode] = &[
    ErrorCode::InterfaceNotExis,
    ErrorCode::HeaderVersionBlank,
    ErrorCode::HeaderVersionNotExis,
    ErrorCode::HeaderLanguageBlank,
    ErrorCode::RequestFormatError,
    ErrorCode::SystemError,
];

/// What an interface answers from.
pub(crate) struct Call<'a> {
    /// The use cases.
    pub(crate) control: &'a Arc<Control>,
    /// What was given.
    pub(crate) parameters: Parameters,
    /// The headers.
    pub(crate) headers: &'a HeaderMap,
    /// The language of texts in the answer.
    pub(crate) language: Language,
    /// The call's id and language, for messages of errors that stand in an answer.
    pub(crate) context: &'a Context,
    /// What paths on this server begin with.
    pub(crate) base: &'a str,
    /// Whether the caller sees the passwords of apps.
    pub(crate) sees_passwords: bool,
}

impl Call<'_> {
    /// The value of a header, trimmed, unless it is blank.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        value_of(self.headers, name)
    }
}

/// The interfaces that are served.
pub(crate) struct Interfaces {
    /// Their routes.
    pub(crate) router: Router<Arc<Server>>,
    /// What is known of each.
    pub(crate) known: Vec<KnownInterface>,
    base: String,
}

impl Interfaces {
    /// None yet; their paths will begin with `base`.
    pub(crate) fn at(base: &str) -> Self {
        Self { router: Router::new(), known: Vec::new(), base: base.to_owned() }
    }

    /// One more.
    pub(crate) fn with<I: Interface>(mut self) -> Self {
        let path = format!("{}/{}", self.base, I::NAME);
        // Every method comes to us: one that is unknown is answered by the contract, not with 405.
        self.router = self.router.route(&path, routing::any(call::<I>));
        self.known.push(KnownInterface {
            path,
            name: I::NAME,
            nothing: I::NOTHING,
            describe: Described::of::<I>,
        });
        self
    }
}

async fn call<I: Interface>(
    State(server): State<Arc<Server>>,
    Extension(context): Extension<Context>,
    Extension(caller): Extension<Caller>,
    Extension(body): Extension<Body>,
    request: Request,
) -> Response {
    if request.method() == Method::OPTIONS {
        return options(&server, &request);
    }
    if !I::CHANGES {
        let answered = attempt::<I>(&server, &context, &caller, &body, request).await.outcome;
        let response = answered.unwrap_or_else(|refusal| refusal.answer(&context));
        return while_let_in(&server, caller, response);
    }
    // To its end and into the trail, even if the caller goes away.
    let work = Arc::clone(&server);
    let changing = async move {
        let trail = Trail { server: &work, caller: &caller, context: &context, interface: I::NAME };
        trail.keep(attempt::<I>(&work, &context, &caller, &body, request)).await
    };
    match server.changes.spawn(changing.in_current_span()).await {
        Ok(response) => response,
        Err(join) => match join.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is ending, and this future with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// An answer that goes on and on ends when its caller would not be let in any more.
fn while_let_in(server: &Server, caller: Caller, response: Response) -> Response {
    if response.extensions().get::<Streaming>().is_none() {
        return response;
    }
    let let_out = Arc::clone(server.control.access()).let_out(caller.identity);
    response.map(|body| HttpBody::from_stream(body.into_data_stream().take_until(let_out)))
}

/// How a call went.
pub(crate) struct Attempt {
    pub(crate) outcome: Result<Response, Refusal>,
    /// What it gave, if that could be read.
    pub(crate) parameters: Option<Parameters>,
    /// Whether it changed something, or was to.
    pub(crate) changes: bool,
}

async fn attempt<I: Interface>(
    server: &Server,
    context: &Context,
    caller: &Caller,
    body: &Body,
    request: Request,
) -> Attempt {
    let (head, _) = request.into_parts();
    let parameters = match parameters_of::<I>(server, caller, body, &head) {
        Ok(parameters) => parameters,
        Err(refusal) => return Attempt { outcome: Err(refusal), parameters: None, changes: I::CHANGES },
    };
    let changes = I::changes(&parameters);
    let call = Call {
        control: &server.control,
        parameters,
        headers: &head.headers,
        language: context.language,
        context,
        base: &server.base,
        sees_passwords: caller.scope == Scope::Full || server.read_only_passwords,
    };
    let answered = async {
        I::AUDIENCE.admits(caller, changes)?;
        I::answer(&call).await?.respond(&server.streams)
    };
    let outcome = answered.await;
    Attempt { outcome, parameters: Some(call.parameters), changes }
}

/// The contract's order: path and method, headers, body; then come the interface's own checks.
fn parameters_of<I: Interface>(
    server: &Server,
    caller: &Caller,
    body: &Body,
    head: &Parts,
) -> Result<Parameters, Refusal> {
    if head.method != Method::GET && head.method != Method::POST {
        return Err(Refusal::NoSuchInterface);
    }
    // The gateway may add the two headers for old clients.
    if I::CHANGES && (caller.by_gateway || !server.require_headers) {
        server.callers.check_site(head)?;
    }
    check_headers(&head.headers, server.require_headers)?;
    let body = if head.method == Method::POST { body.bytes()? } else { Default::default() };
    let known = Known { names: I::PARAMETERS, literals: I::LITERALS, objects: I::OBJECTS };
    Ok(Parameters::read(known, &head.method, &head.uri, &head.headers, &body)?)
}

/// What the interface can do; to a page of another origin that may call, also that it may.
fn options(server: &Server, request: &Request) -> Response {
    let mut response = answered(Nothing::Object);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"));
    server.callers.admit_preflight(request.headers(), &mut response);
    response
}

/// The answer to every path that is none of ours.
pub(crate) async fn no_such_interface(Extension(context): Extension<Context>) -> Response {
    Refusal::NoSuchInterface.answer(&context)
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::path::ParameterIn;

    use super::*;
    use crate::routes::app_catalog::AppCatalog;
    use crate::routes::app_catalog_detail::AppCatalogDetail;
    use crate::routes::app_events::AppEvents;
    use crate::routes::app_install::AppInstall;
    use crate::routes::app_list::AppList;
    use crate::routes::app_logs::AppLogs;
    use crate::routes::app_operation::AppOperation;
    use crate::routes::app_operations::AppOperations;
    use crate::routes::app_plan::AppPlan;
    use crate::routes::app_stats::AppStats;
    use crate::routes::app_status::AppStatus;

    fn documented<I: Interface>() -> Vec<String> {
        I::Parameters::into_params(|| Some(ParameterIn::Query)).into_iter().map(|p| p.name).collect()
    }

    #[test]
    fn what_is_documented_is_what_is_read() {
        assert_eq!(documented::<AppInstall>(), AppInstall::PARAMETERS);
        assert_eq!(documented::<AppStatus>(), AppStatus::PARAMETERS);
        assert_eq!(documented::<AppList>(), AppList::PARAMETERS);
        assert_eq!(documented::<AppOperation>(), AppOperation::PARAMETERS);
        assert_eq!(documented::<AppOperations>(), AppOperations::PARAMETERS);
        assert_eq!(documented::<AppEvents>(), AppEvents::PARAMETERS);
        assert_eq!(documented::<AppLogs>(), AppLogs::PARAMETERS);
        assert_eq!(documented::<AppStats>(), AppStats::PARAMETERS);
        assert_eq!(documented::<AppCatalog>(), AppCatalog::PARAMETERS);
        assert_eq!(documented::<AppCatalogDetail>(), AppCatalogDetail::PARAMETERS);
        assert_eq!(documented::<AppPlan>(), AppPlan::PARAMETERS);
    }
}
