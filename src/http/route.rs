//! A route of the API: what serves it, and what the OpenAPI document says of it, in one place, so
//! that neither can be without the other.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::routing::{MethodFilter, MethodRouter, on};
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, ResponseBuilder, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::Api;
use super::repeat::IDEMPOTENCY_KEY;
use super::terms::ForRelease;
use crate::base::{MemberId, MessageId, NodeId};

/// Schemas by name.
pub type Schemas = BTreeMap<String, RefOr<Schema>>;

/// A route of the API.
pub struct Route {
    /// Below `/api/v1`, with its parameters in braces.
    pub path: &'static str,
    method: HttpMethod,
    serves: MethodRouter<Api>,
    operation: OperationBuilder,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Route {
    /// What is read. `id` is how generated clients call it, `summary` what it does.
    pub fn get<H, T>(path: &'static str, id: &str, summary: &str, serves: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let serves = on(MethodFilter::GET, serves);
        Self::new(HttpMethod::Get, path, id, summary, serves)
    }

    /// What is done.
    pub fn post<H, T>(path: &'static str, id: &str, summary: &str, serves: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let serves = on(MethodFilter::POST, serves);
        let mut route = Self::new(HttpMethod::Post, path, id, summary, serves);
        route.operation = route.operation.parameter(idempotency_key());
        route
    }

    /// What is put at a place.
    pub fn put<H, T>(path: &'static str, id: &str, summary: &str, serves: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let serves = on(MethodFilter::PUT, serves);
        Self::new(HttpMethod::Put, path, id, summary, serves)
    }

    fn new(
        method: HttpMethod,
        path: &'static str,
        id: &str,
        summary: &str,
        serves: MethodRouter<Api>,
    ) -> Self {
        let group = path.split('/').nth(1).unwrap_or_default();
        let operation = OperationBuilder::new()
            .tag(group)
            .operation_id(Some(id))
            .summary(Some(summary))
            .parameters(Some(places(path)))
            .response("4XX", Ref::from_response_name("Problem"))
            .response("5XX", Ref::from_response_name("Problem"));
        Self {
            path,
            method,
            serves,
            operation,
            schemas: Vec::new(),
        }
    }

    /// It takes these parameters in its query.
    pub fn narrowed_by<P: IntoParams>(mut self) -> Self {
        let parameters = P::into_params(|| Some(ParameterIn::Query));
        self.operation = self.operation.parameters(Some(parameters));
        self
    }

    /// What it composes can be made to wait for a second person.
    pub fn for_release(self) -> Self {
        self.narrowed_by::<ForRelease>()
    }

    /// It is taken on terms: for release, or if what it is said to is unchanged.
    pub fn on_terms(self) -> Self {
        let what = "Taken only if the exchange or alert stands as it did: its `ETag`.";
        let mut route = self.for_release();
        route.operation = route.operation.parameter(head("If-Match", what));
        route
    }

    /// It sends a part of the file where one is asked for.
    pub fn in_parts(mut self) -> Self {
        let what = "Which bytes, such as `bytes=0-1023`.";
        self.operation = self.operation.parameter(head("Range", what));
        let response = ResponseBuilder::new()
            .description("A part of the file")
            .content("application/octet-stream", ContentBuilder::new().build());
        self.answers(StatusCode::PARTIAL_CONTENT, response)
    }

    /// It takes a JSON body.
    pub fn takes<B: ToSchema>(mut self) -> Self {
        let content = self.content_of::<B>();
        let body = RequestBodyBuilder::new()
            .content("application/json", content)
            .required(Some(Required::True));
        self.operation = self.operation.request_body(Some(body.build()));
        self
    }

    /// It takes a file of any length, as it is.
    pub fn takes_file(mut self) -> Self {
        let body = RequestBodyBuilder::new()
            .content("application/octet-stream", ContentBuilder::new().build())
            .required(Some(Required::True));
        self.operation = self.operation.request_body(Some(body.build()));
        self.serves = self.serves.layer(DefaultBodyLimit::disable());
        self
    }

    /// It answers JSON.
    pub fn gives<A: ToSchema>(mut self, status: StatusCode) -> Self {
        let content = self.content_of::<A>();
        let response = ResponseBuilder::new()
            .description(status.canonical_reason().unwrap_or_default())
            .content("application/json", content);
        self.answers(status, response)
    }

    /// It answers a file of that media type.
    pub fn gives_file(self, media_type: &str) -> Self {
        let response = ResponseBuilder::new()
            .description("The file")
            .content(media_type, ContentBuilder::new().build());
        self.answers(StatusCode::OK, response)
    }

    /// It answers without a body.
    pub fn gives_nothing(self) -> Self {
        let response = ResponseBuilder::new().description("Done");
        self.answers(StatusCode::NO_CONTENT, response)
    }

    fn answers(mut self, status: StatusCode, response: ResponseBuilder) -> Self {
        let response = response.build();
        self.operation = self.operation.response(status.as_str(), response);
        self
    }

    fn content_of<T: ToSchema>(&mut self) -> utoipa::openapi::Content {
        T::schemas(&mut self.schemas);
        let name = name_of::<T>();
        if name.starts_with("Vec_") {
            return ContentBuilder::new().schema(Some(T::schema())).build();
        }
        let named = Ref::from_schema_name(&name);
        self.schemas.push((name, T::schema()));
        ContentBuilder::new().schema(Some(named)).build()
    }

    /// What it takes or gives is of a shape that holds this one.
    pub fn of<T: ToSchema>(mut self) -> Self {
        self.schemas.push((name_of::<T>(), T::schema()));
        T::schemas(&mut self.schemas);
        self
    }

    /// Its entry in the document, and the schemas that it names.
    pub fn described(self) -> (HttpMethod, Operation, Vec<(String, RefOr<Schema>)>) {
        (self.method, self.operation.build(), self.schemas)
    }

    /// Adds it to a router.
    pub fn served_by(self, router: Router<Api>) -> Router<Api> {
        router.route(self.path, self.serves)
    }
}

/// A type's name without the paths of its modules: `Page_Request` for a page of requests.
fn name_of<T>() -> String {
    let parts = std::any::type_name::<T>().split(['<', '>']);
    let names = parts.filter_map(|part| part.rsplit("::").next());
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    names.join("_")
}

/// The parameters that stand in a path, in its order.
fn places(path: &str) -> Vec<Parameter> {
    let names = path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?;
        name.strip_suffix('}')
    });
    names.map(place).collect()
}

fn place(name: &str) -> Parameter {
    let number = |most: u32| -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .maximum(Some(most))
            .build()
            .into()
    };
    let schema = match name {
        "member" => MemberId::schema(),
        "node" => NodeId::schema(),
        "index" => number(u16::MAX.into()),
        "incarnation" => number(u32::MAX),
        _ => MessageId::schema(),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

fn head(name: &str, what: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(what))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn idempotency_key() -> Parameter {
    let what = "Posted again under the same key, it takes effect once: `liaison help api`.";
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]+$"));
    ParameterBuilder::new()
        .name(IDEMPOTENCY_KEY.as_str())
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(what))
        .schema(Some(key))
        .build()
}
