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

use crate::error::{Nothing, is_no_such_interface};
use crate::interface::{COMMON_CODES, Interface};
use crate::language::Language;
use crate::messages;

type Schemas = Vec<(String, RefOr<Schema>)>;

/// What documentation tells of one interface.
pub(crate) struct Described {
    /// Its path, with the base.
    pub(crate) path: String,
    /// What `ResponseData` is beside an error.
    pub(crate) nothing: Nothing,
    name: &'static str,
    summary: &'static str,
    /// Its own codes.
    codes: &'static [ErrorCode],
    parameters: Vec<Parameter>,
    parameters_schema: String,
    item_schema: String,
    schemas: Schemas,
    example: Value,
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
            codes: I::CODES,
            parameters: I::Parameters::into_params(|| Some(ParameterIn::Query)),
            parameters_schema: I::Parameters::name().into(),
            item_schema: I::Item::name().into(),
            schemas,
            example: json!(I::example()),
        }
    }

    fn path_item(&self, header: &[Parameter]) -> PathItem {
        let operation = |method: &str| {
            let codes: Vec<&str> = self.all_codes().map(ErrorCode::as_str).collect();
            OperationBuilder::new()
                .operation_id(Some(format!("{}_{method}", self.name)))
                .tag("interfaces")
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
        COMMON_CODES.iter().chain(self.codes).copied()
    }

    fn request_body(&self) -> RequestBody {
        let content =
            || ContentBuilder::new().schema(Some(Ref::from_schema_name(&self.parameters_schema))).build();
        let required = self.parameters.iter().any(|parameter| parameter.required == Required::True);
        RequestBodyBuilder::new()
            .content("application/json", content())
            .content("application/x-www-form-urlencoded", content())
            .required(Some(if required { Required::True } else { Required::False }))
            .build()
    }

    fn responses(&self) -> utoipa::openapi::Responses {
        let answered = ExampleBuilder::new()
            .summary("The interface answers")
            .value(Some(json!({ "ResponseData": self.example })))
            .build();
        let data = match self.nothing {
            Nothing::Object => RefOr::Ref(Ref::from_schema_name(&self.item_schema)),
            Nothing::List => Array::new(Ref::from_schema_name(&self.item_schema)).into(),
        };
        let schema = AnyOfBuilder::new().item(answer_schema(data, false)).item(self.refusal_schema()).build();
        let content = ContentBuilder::new()
            .schema(Some(Schema::AnyOf(schema)))
            .examples_from_iter([("Answer".to_owned(), answered)])
            .examples_from_iter(self.refusals(|code| !is_no_such_interface(code)));
        let not_found = ContentBuilder::new()
            .schema(Some(self.refusal_schema()))
            .examples_from_iter(self.refusals(is_no_such_interface));
        ResponsesBuilder::new()
            .response("200", response("The interface was reached: its data, or an error", content))
            .response("404", response("There is no such interface, or not in that version", not_found))
            .build()
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
pub(crate) fn document(interfaces: &[Described], require_headers: bool) -> String {
    let header = header_parameters(require_headers);
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new().schema_from::<wire::ErrorInfo>();
    for interface in interfaces {
        paths = paths.path(&interface.path, interface.path_item(&header));
        components = components.schemas_from_iter(interface.schemas.iter().cloned());
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

fn response(description: &str, content: ContentBuilder) -> ResponseBuilder {
    ResponseBuilder::new().description(description).content("application/json", content.build())
}
