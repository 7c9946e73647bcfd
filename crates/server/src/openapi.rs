//! The OpenAPI document, built from the interfaces themselves.
//!
//! Built by hand and not by utoipa's path macro, which gives one handler on two methods the same operation
//! id twice and a body on GET.

use domain::ErrorCode;
use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, PathItemBuilder,
    PathsBuilder,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AnyOfBuilder, Array, ComponentsBuilder, Object, ObjectBuilder, Schema};
use utoipa::openapi::{
    InfoBuilder, OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder, ResponsesBuilder, Type,
};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::KnownInterface;
use crate::answer::Answer as _;
use crate::error::{Nothing, is_no_such_interface};
use crate::event_stream::{self, StreamDescription};
use crate::interface::{COMMON_CODES, Interface};
use crate::language::Language;
use crate::messages;

const JSON: &str = "application/json";

/// What interfaces are about, by how their names begin: the first that fits. The page at `/docs` has a section for each.
const SUBJECTS: [(&str, &str); 7] = [
    ("AppCatalog", "catalogs"),
    ("AppDomain", "domains"),
    ("AppAudit", "access"),
    ("App", "apps"),
    ("Catalog", "catalogs"),
    ("Key", "access"),
    ("User", "access"),
];

fn subject(name: &str) -> &'static str {
    let found = SUBJECTS.iter().find(|(beginning, _)| name.starts_with(beginning));
    found.map_or("others", |(_, subject)| subject)
}

type Schemas = Vec<(String, RefOr<Schema>)>;

/// What documentation tells of one interface.
pub(crate) struct Described {
    /// With the base.
    path: String,
    nothing: Nothing,
    name: &'static str,
    summary: &'static str,
    /// The codes of who is not meant.
    audience_codes: &'static [ErrorCode],
    /// Its own codes.
    codes: &'static [ErrorCode],
    parameters: Vec<Parameter>,
    parameters_schema: String,
    item_schema: String,
    schemas: Schemas,
    /// What `ResponseData` is; `None` where the answer is always a stream.
    example: Option<Value>,
    stream: Option<StreamDescription>,
}

impl Described {
    pub(crate) fn of<I: Interface>(base: &str) -> Self {
        let mut schemas = Schemas::new();
        I::Parameters::schemas(&mut schemas);
        I::Item::schemas(&mut schemas);
        schemas.push((I::Parameters::name().into(), I::Parameters::schema()));
        schemas.push((I::Item::name().into(), I::Item::schema()));
        Self {
            path: format!("{base}/{}", I::NAME),
            nothing: I::NOTHING,
            name: I::NAME,
            summary: I::SUMMARY,
            audience_codes: I::AUDIENCE.codes(I::CHANGES),
            codes: I::CODES,
            parameters: I::Parameters::into_params(|| Some(ParameterIn::Query)),
            parameters_schema: I::Parameters::name().into(),
            item_schema: I::Item::name().into(),
            schemas,
            example: I::example().data(),
            stream: I::STREAM,
        }
    }

    fn path_item(&self, header: &[Parameter]) -> PathItem {
        let operation = |method: &str| {
            let codes: Vec<&str> = self.all_codes().map(ErrorCode::as_str).collect();
            OperationBuilder::new()
                .operation_id(Some(format!("{}_{method}", self.name)))
                .tag(subject(self.name))
                .summary(Some(self.summary))
                .description(Some(self.description()))
                .parameters(Some(header.iter().cloned()))
                .responses(self.responses())
                .extensions(Some(ExtensionsBuilder::new().add("x-error-codes", json!(codes)).build()))
        };
        PathItemBuilder::new()
            .operation(HttpMethod::Get, operation("get").parameters(Some(self.parameters.iter().cloned())))
            .operation(HttpMethod::Post, operation("post").request_body(Some(self.request_body())))
            .build()
    }

    /// The codes as a table, in the order of the checks.
    fn description(&self) -> String {
        let mut text = String::from(
            "Parameters stand in the query; with POST they may stand in the body, which wins.\n\n\
             | `Code` | `Message` (en) | `Message` (zh) |\n| --- | --- | --- |\n",
        );
        for code in self.all_codes() {
            let [chinese, english] = Language::ALL.map(|language| messages::of_code(language, code));
            text.push_str(&format!("| `{}` | {english} | {chinese} |\n", code.as_str()));
        }
        text
    }

    fn all_codes(&self) -> impl Iterator<Item = ErrorCode> {
        COMMON_CODES.iter().chain(self.audience_codes).chain(self.codes).copied()
    }

    fn request_body(&self) -> RequestBody {
        let content =
            || ContentBuilder::new().schema(Some(Ref::from_schema_name(&self.parameters_schema))).build();
        let required = self.parameters.iter().any(|parameter| parameter.required == Required::True);
        RequestBodyBuilder::new()
            .content(JSON, content())
            .content("application/x-www-form-urlencoded", content())
            .required(Some(if required { Required::True } else { Required::False }))
            .build()
    }

    fn responses(&self) -> utoipa::openapi::Responses {
        let mut answered = ResponseBuilder::new()
            .description("The interface was reached: its data, or an error")
            .content(JSON, self.answered().build());
        if let Some(stream) = &self.stream {
            answered = answered.content(event_stream::MEDIA_TYPE, self.streamed(stream).build());
        }
        let not_found = ContentBuilder::new()
            .schema(Some(self.refusal_schema()))
            .examples_from_iter(self.refusals(is_no_such_interface));
        let not_found = ResponseBuilder::new()
            .description("There is no such interface, or not in that version")
            .content(JSON, not_found.build());
        ResponsesBuilder::new().response("200", answered).response("404", not_found).build()
    }

    /// Data or an error, in the envelope; only the error where the answer is always a stream.
    fn answered(&self) -> ContentBuilder {
        let refusals = self.refusals(|code| !is_no_such_interface(code));
        let Some(example) = &self.example else {
            return ContentBuilder::new().schema(Some(self.refusal_schema())).examples_from_iter(refusals);
        };
        let answered = ExampleBuilder::new()
            .summary("The interface answers")
            .value(Some(json!({ "ResponseData": example })))
            .build();
        let data = match self.nothing {
            Nothing::Object => RefOr::Ref(Ref::from_schema_name(&self.item_schema)),
            Nothing::List => Array::new(Ref::from_schema_name(&self.item_schema)).into(),
        };
        let schema = AnyOfBuilder::new().item(answer_schema(data, false)).item(self.refusal_schema()).build();
        ContentBuilder::new()
            .schema(Some(Schema::AnyOf(schema)))
            .examples_from_iter([("Answer".to_owned(), answered)])
            .examples_from_iter(refusals)
    }

    /// OpenAPI 3.1 has no words for a stream: to it, it is a text.
    fn streamed(&self, stream: &StreamDescription) -> ContentBuilder {
        let mut description = String::from("Server-Sent Events:\n\n| `event` | meaning |\n| --- | --- |\n");
        for (name, meaning) in stream.events {
            description.push_str(&format!("| `{name}` | {meaning} |\n"));
        }
        let schema = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
        let example =
            ExampleBuilder::new().summary("A stream").value(Some(json!((stream.example)().as_str()))).build();
        ContentBuilder::new()
            .schema(Some(Schema::Object(schema.build())))
            .examples_from_iter([("Stream".to_owned(), example)])
    }

    fn refusal_schema(&self) -> Schema {
        let nothing: Schema = match self.nothing {
            Nothing::Object => ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(0)).into(),
            Nothing::List => {
                utoipa::openapi::ArrayBuilder::new().items(Object::new()).max_items(Some(0)).into()
            }
        };
        answer_schema(nothing.into(), true)
    }

    fn refusals(&self, wanted: impl Fn(ErrorCode) -> bool) -> Vec<(String, Example)> {
        let nothing = json!(self.nothing);
        let example = |code: ErrorCode| {
            let message = messages::of_code(Language::English, code);
            let value = json!({
                "ResponseData": nothing,
                "Error": { "Code": code.as_str(), "Message": message },
            });
            (code.as_str().to_owned(), ExampleBuilder::new().summary(message).value(Some(value)).build())
        };
        self.all_codes().filter(|code| wanted(*code)).map(example).collect()
    }
}

/// The document, as JSON.
pub(crate) fn document(base: &str, interfaces: &[KnownInterface], require_headers: bool) -> String {
    let header = header_parameters(require_headers);
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new().schema_from::<wire::ErrorInfo>();
    for interface in interfaces.iter().map(|known| (known.describe)(base)) {
        paths = paths.path(&interface.path, interface.path_item(&header));
        components = components.schemas_from_iter(interface.schemas);
    }
    let info = InfoBuilder::new()
        .title("appmanage")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Install and run self-hosted apps. Every interface answers JSON in one envelope: `ResponseData`, \
             and `Error` only when something is wrong.",
        ))
        .license(Some(
            utoipa::openapi::LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
        ))
        .build();
    let document = OpenApiBuilder::new().info(info).paths(paths).components(Some(components.build())).build();
    document.to_pretty_json().expect("a document of texts and numbers")
}

fn header_parameters(required: bool) -> [Parameter; 2] {
    let header = |name: &str, description: &str, example: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(if required { Required::True } else { Required::False })
            .description(Some(description))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .example(Some(json!(example)))
            .build()
    };
    [
        header("Version", "The interface version: `v1`, also written `v1.0`, `1` or `1.0`.", "v1"),
        header(
            "Language",
            "The language of messages: `zh`, `en`, or a tag that begins so. Others get `en`.",
            "en",
        ),
    ]
}

fn answer_schema(data: RefOr<Schema>, with_error: bool) -> Schema {
    let mut answer = ObjectBuilder::new().property("ResponseData", data).required("ResponseData");
    if with_error {
        answer = answer.property("Error", Ref::from_schema_name(wire::ErrorInfo::name())).required("Error");
    }
    answer.into()
}
