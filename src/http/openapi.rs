//! The OpenAPI 3.1 document of the API, made from the list of its routes.

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::path::{PathItem, Paths};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref,
    ResponseBuilder, Server,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::route::Schemas;
use super::routes;
use crate::api::Problem;

/// Where the routes are.
pub const BASE: &str = "/api/v1";

/// `GET /openapi.json`: open to anyone who reaches the node, since it holds nothing of it.
pub async fn serve() -> impl IntoResponse {
    // Made once: that takes 13 MB, and whoever asks needs no token.
    static MADE: OnceLock<Bytes> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let json = serde_json::to_vec(&document());
        json.expect("the document is plain text").into()
    });
    ([(CONTENT_TYPE, "application/json")], made.clone())
}

/// The document.
pub fn document() -> OpenApi {
    let mut paths = Paths::new();
    let mut schemas = Schemas::new();
    for route in routes::all() {
        let path = route.path;
        let (method, operation, named) = route.described();
        let item = PathItem::new(method, operation);
        paths
            .paths
            .entry(path.to_owned())
            .or_default()
            .merge_operations(item);
        schemas.extend(named);
    }
    schemas.insert(Problem::name().into_owned(), Problem::schema());
    let problem = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(Problem::name())))
        .build();
    let refused = ResponseBuilder::new()
        .description("What is wrong, with a stable code, and what to do")
        .content("application/problem+json", problem);
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token that `liaison user add` prints."));
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .response("Problem", refused.build())
        .security_scheme("token", SecurityScheme::Http(token.build()));
    let info = InfoBuilder::new()
        .title("liaison")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The node of a country's liaison office: signed, encrypted requests for information \
             and smuggling-trend alerts. `liaison help api` says what is common to all routes.",
        ))
        .license(Some(License::new("EUPL-1.2")));
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new(BASE)]))
        .paths(paths)
        .components(Some(components.build()))
        .security(Some([SecurityRequirement::new("token", [""; 0])]))
        .build()
}
