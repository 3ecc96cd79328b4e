//! What holds for every operation, beside what its endpoint says of itself.
//!
//! Owns: permission and audit in its description, problems, tags of records, the security scheme's name.
//! Does not own: the document as a whole, routes and their permissions (`router`).
//! Always: an operation that its route leaves open asks for no token.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Object, Ref, RefOr, Required, Response, ResponseBuilder, Type};

use crate::problem::Code;
use crate::router::{Access, Route, Verb};

/// Name of the security scheme.
pub(super) const BEARER: &str = "bearer";

/// Puts on what holds for every operation of this kind.
pub(super) fn complete(operation: &mut Operation, route: &Route) {
    operation.responses.responses.insert("default".to_owned(), problem().into());
    if route.verb == Verb::Get {
        tagged(operation);
    }
    let needed = match route.access {
        Access::Open => return,
        Access::SignedIn => "Permission: any valid token is enough".to_owned(),
        Access::Needs(permission) => format!("Permission: `{}`", permission.as_str()),
        Access::NeedsOrSelf(permission) => format!("Permission: `{}`, or to be that user", permission.as_str()),
        Access::InSession => "Permission: a session; an API token is not enough".to_owned(),
        Access::Enrolling => {
            "Permission: a session, also one that may only enrol a second factor; an API token is not enough".to_owned()
        }
        Access::NeedsOrOwn(permission, own) => {
            format!("Permission: `{}`, or `{}` as far as the record is one's own", permission.as_str(), own.as_str())
        }
        Access::Cabinet(None) => "Right: any, in the cabinet of a client".to_owned(),
        Access::Cabinet(Some(right)) => format!("Right: `{}`", right.as_str()),
    };
    operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, [])]);
    let needed = format!("{needed}. Audit: `{}`.", route.entity);
    operation.description = Some(match operation.description.take() {
        Some(text) if !text.is_empty() => format!("{text}\n\n{needed}"),
        _ => needed,
    });
}

/// Says of a record that carries a tag, as its description promises, how the tag is used.
fn tagged(operation: &mut Operation) {
    let Some(RefOr::T(shown)) = operation.responses.responses.get_mut("200") else { return };
    if !shown.description.contains("ETag") {
        return;
    }
    let text = || Object::with_type(Type::String);
    let tag = HeaderBuilder::new().schema(text()).description(Some(
        "Revision and digest in quotes: for `If-Match` of a change, `If-None-Match` of the next look",
    ));
    shown.headers.insert("ETag".to_owned(), tag.build());
    let known = ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("ETag of what you have: 304 without a body if nothing is new"))
        .schema(Some(text()));
    operation.parameters.get_or_insert_default().push(known.build());
    let same = ResponseBuilder::new().description("Nothing is new").build();
    operation.responses.responses.insert("304".to_owned(), same.into());
}

fn problem() -> Response {
    let codes: Vec<String> =
        Code::ALL.iter().map(|code| format!("`{}` {}", code.as_str(), code.status().as_u16())).collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description(format!("A problem: {}", codes.join(", ")))
        .content("application/problem+json", content)
        .header("Retry-After", whole_seconds())
        .build()
}

/// Of 429 and 503: when to come again.
fn whole_seconds() -> utoipa::openapi::Header {
    let description = Some("Seconds after which to try again; with `rate_limited` and `unavailable`");
    HeaderBuilder::new().schema(Object::with_type(Type::Integer)).description(description).build()
}
