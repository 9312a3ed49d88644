//! What the OpenAPI documents of all services have in common: the answers that the layers around the routes
//! give, and their headers.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Map, Value};
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required, Response};
use utoipa::{PartialSchema as _, ToSchema};

use crate::health::Health;
use crate::http::{IdempotencyKey, WholeNumber};

/// The schema of a [`WholeNumber`].
pub fn whole_number() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0_u64))
        .maximum(Some(WholeNumber::MAX))
        .description(Some("In minor units (cents), written without an exponent."))
        .build()
}

/// The schema of a text that is one of these.
pub fn one_of<'a>(values: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values)).build()
}

/// The JSON schema of a type, whole: nothing in it refers to another place, and what a type has from others
/// by `#[serde(flatten)]` stands among its own fields.
///
/// # Errors
///
/// When a schema cannot be written as JSON, which nothing in it can bring about.
pub fn schema_of<T: ToSchema>() -> serde_json::Result<Value> {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let named = named.into_iter().map(|(name, schema)| Ok((name, serde_json::to_value(schema)?)));
    Ok(whole(serde_json::to_value(T::schema())?, &named.collect::<serde_json::Result<_>>()?))
}

fn whole(schema: Value, named: &Map<String, Value>) -> Value {
    match schema {
        Value::Array(parts) => parts.into_iter().map(|part| whole(part, named)).collect(),
        Value::Object(mut fields) => {
            let referred = fields.get("$ref").and_then(Value::as_str).and_then(|at| at.rsplit('/').next());
            if let Some(referred) = referred.and_then(|name| named.get(name)) {
                return whole(referred.clone(), named);
            }
            let parts = fields.remove("allOf");
            let mut fields: Map<_, _> =
                fields.into_iter().map(|(name, value)| (name, whole(value, named))).collect();
            for part in parts.iter().filter_map(Value::as_array).flatten() {
                merge(&mut fields, whole(part.clone(), named));
            }
            Value::Object(fields)
        }
        plain => plain,
    }
}

/// Adds the fields of a part, which do not speak for the whole.
fn merge(into: &mut Map<String, Value>, part: Value) {
    let Value::Object(part) = part else { return };
    for (name, value) in part {
        match (into.get_mut(&name), value) {
            (Some(Value::Array(ours)), Value::Array(theirs)) => ours.extend(theirs),
            (Some(Value::Object(ours)), Value::Object(theirs)) => ours.extend(theirs),
            (None, value) if name != "description" => drop(into.insert(name, value)),
            _ => {}
        }
    }
}

/// The scope that each operation of a document needs, by method and path: what its `security` asks of the
/// scheme `token`.
pub fn required_scopes(document: &OpenApi) -> BTreeMap<(String, String), String> {
    let document = serde_json::to_value(document).unwrap_or_default();
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let operations = fields(&document["paths"]).into_iter().flat_map(|(path, item)| {
        fields(&item)
            .into_iter()
            .map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    });
    let scope = |operation: &Value| {
        let required = operation["security"].as_array()?.iter();
        required.filter_map(|one| one["token"][0].as_str()).next().map(str::to_owned)
    };
    operations.filter_map(|(method, path, operation)| Some(((method, path), scope(&operation)?))).collect()
}

/// Adds to a service's document what [`service_router`](crate::service_router) adds to its routes: health and
/// readiness, the correlation id on every request and answer, and the errors that any request can meet. What
/// the service itself says of a status stays.
pub fn complete(mut document: OpenApi, service: &str) -> OpenApi {
    let paths = &mut document.paths.paths;
    paths.insert(format!("/{service}/health"), PathItem::new(HttpMethod::Get, health(service)));
    paths.insert(format!("/{service}/ready"), PathItem::new(HttpMethod::Get, ready(service)));
    let components = document.components.get_or_insert_default();
    components.schemas.insert("Health".to_owned(), Health::schema());
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let token = token.description(Some("Asked for where the service runs with `AUTH=jwt`."));
    components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    let items = paths.values_mut();
    for operation in items.flat_map(|item| [item.get.as_mut(), item.post.as_mut()]).flatten() {
        complete_operation(operation);
    }
    document
}

fn complete_operation(operation: &mut Operation) {
    let text = "The id that this request has in logs and messages, a UUID. Anything else is replaced by a fresh one.";
    let id = header("X-Correlation-Id", text, ObjectBuilder::new().schema_type(Type::String).build());
    let parameters = operation.parameters.get_or_insert_default();
    for parameter in parameters.iter_mut() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "Idempotency-Key"
        {
            *parameter = idempotency_key();
        }
    }
    parameters.push(id.into());
    let mut errors = vec![
        (StatusCode::BAD_REQUEST, "the request is malformed"),
        (
            StatusCode::METHOD_NOT_ALLOWED,
            "the path does not answer to this method; `Allow` lists those it does",
        ),
        (StatusCode::INTERNAL_SERVER_ERROR, "the request failed on the side of the service"),
        (StatusCode::SERVICE_UNAVAILABLE, "try again after `Retry-After` seconds"),
    ];
    if operation.request_body.is_some() {
        errors.push((StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 65536 bytes"));
        errors.push((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not labelled as plain JSON in UTF-8"));
    }
    if operation.security.is_some() {
        errors.push((StatusCode::UNAUTHORIZED, "with `AUTH=jwt`: the request has no valid token"));
        errors.push((StatusCode::FORBIDDEN, "with `AUTH=jwt`: the token lacks the scope"));
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in errors {
        let status = status.as_str().to_owned();
        responses.entry(status).or_insert_with(|| RefOr::T(error(description)));
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response {
            add_headers(status, response);
        }
    }
}

fn add_headers(status: &str, response: &mut Response) {
    let mut add = |name: &str, description: &str, schema: Object| {
        let mut header = Header::default();
        header.schema = Some(schema.into());
        header.description = Some(description.to_owned());
        response.headers.insert(name.to_owned(), header.into());
    };
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let uuid = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).build();
    add("X-Correlation-Id", "The request's id, or a fresh one.", uuid);
    let no_store = text().enum_values(Some(["no-store"])).build();
    add("Cache-Control", "No answer may be kept.", no_store);
    let nosniff = text().enum_values(Some(["nosniff"])).build();
    add("X-Content-Type-Options", "An answer is what its type says.", nosniff);
    match status {
        "401" | "403" => {
            let text = text().build();
            add("WWW-Authenticate", "What is wrong with the token, and the scope that it lacks.", text);
        }
        "405" => add("Allow", "The methods that the path answers to.", text().build()),
        "503" => {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
            add("Retry-After", "How soon to try again, in seconds.", seconds);
        }
        _ => {}
    }
}

fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(IdempotencyKey::PATTERN));
    let text = "Makes the request safe to repeat. A key in quotation marks is the same key as without them.";
    header("Idempotency-Key", text, schema.build())
}

fn health(service: &str) -> Operation {
    let healthy = json("the process lives", Ref::from_schema_name("Health"));
    Operation::builder()
        .operation_id(Some(format!("{service}Health")))
        .summary(Some("Whether the process lives."))
        .response("200", healthy)
        .build()
}

fn ready(service: &str) -> Operation {
    let status = |description: &str| json(description, Ref::from_schema_name("Health"));
    Operation::builder()
        .operation_id(Some(format!("{service}Ready")))
        .summary(Some("Whether the service can do its work."))
        .response("200", status("it can"))
        .response("503", status("what it needs does not work; `failing` names it"))
        .build()
}

fn header(name: &str, description: &str, schema: Object) -> Parameter {
    let mut parameter = Parameter::new(name);
    parameter.parameter_in = ParameterIn::Header;
    parameter.required = Required::False;
    parameter.description = Some(description.to_owned());
    parameter.schema = Some(schema.into());
    parameter
}

fn error(description: &str) -> Response {
    json(description, Ref::from_schema_name("ApiError"))
}

fn json(description: &str, schema: Ref) -> Response {
    let mut response = Response::new(description);
    response.content.insert("application/json".to_owned(), Content::new(Some(schema)).into());
    response
}
