//! The HTTP interface: paths, bodies, links and error codes of the contract, and the OpenAPI document that
//! describes them.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use service_kit::{
    ApiError, CorrelationId, IdempotencyKey, JsonBody, Links, RequestTrace, UuidPath, WholeNumber, openapi,
    optional_slash,
};
use time::OffsetDateTime;
use transactional_messaging::{message::Context, timestamp};
use unit_of_work::{Database, LoadError};
use utoipa::{
    OpenApi, ToSchema,
    openapi::{Object, ObjectBuilder, Type, schema::SchemaType},
};
use uuid::Uuid;

use crate::{
    domain::{Customer, EMAIL_PATTERN, Email, MAX_EMAIL_CHARS, MAX_NAME_CHARS, Money, NAME_PATTERN, Name},
    use_cases::{CreateError, Customers},
};

/// The routes of this service, without those that all services have.
pub fn routes<D: Database + Clone + 'static>(customers: Customers<D>) -> Router {
    let routes = optional_slash(Router::new(), "/customers", post(create::<D>));
    optional_slash(routes, "/customer/{id}", get(read::<D>)).with_state(customers)
}

/// The OpenAPI document: what this service accepts and answers, with what all services have in common.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(Document::openapi(), "customers")
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "customers",
        description = "Customers and their credit limits. Amounts are whole minor units (cents). Every path is the same with a `/` \
                       behind it."
    ),
    paths(create, read),
    components(schemas(CreateCustomer, Created, CustomerBody, ApiError))
)]
struct Document;

/// A new customer.
#[derive(Deserialize, ToSchema)]
struct CreateCustomer {
    #[schema(schema_with = name)]
    name: String,
    #[schema(schema_with = openapi::whole_number)]
    credit_limit: WholeNumber,
    /// Where mails about its orders go. Without it there are none.
    #[schema(schema_with = email, required = false)]
    email: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Created {
    id: Uuid,
    #[serde(rename = "_links")]
    links: Links,
}

/// A customer.
#[derive(Serialize, ToSchema)]
struct CustomerBody {
    id: Uuid,
    name: String,
    /// Only customers have it that gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[schema(schema_with = openapi::whole_number)]
    credit_limit: u64,
    #[schema(schema_with = openapi::whole_number)]
    available_credit: u64,
    version: u64,
    #[serde(with = "timestamp")]
    #[schema(value_type = String, format = DateTime)]
    created_at: OffsetDateTime,
    #[serde(with = "timestamp::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<OffsetDateTime>,
    #[serde(rename = "_links")]
    links: Links,
}

fn name() -> Object {
    let rule = "Words with blanks between them, not at the ends. A word begins with a letter, digit, punctuation mark or symbol. No \
                control, format, private or unassigned characters, but for the two joiners within words. The pattern says of this \
                what does not depend on the version of Unicode.";
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(rule));
    text.min_length(Some(1)).max_length(Some(MAX_NAME_CHARS)).pattern(Some(NAME_PATTERN)).build()
}

fn email() -> Object {
    let text = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]));
    text.max_length(Some(MAX_EMAIL_CHARS)).pattern(Some(EMAIL_PATTERN)).build()
}

/// Create a customer. With an `Idempotency-Key` the request may be sent again.
#[utoipa::path(post, path = "/customers", operation_id = "createCustomer", request_body = CreateCustomer,
    security((), ("token" = ["customers:write"])),
    params(("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 200, description = "it is created", body = Created, links(
            ("readCustomer" = (operation_id = "readCustomer", parameters(("id" = "$response.body#/id")))),
        )),
        (status = 400, description = "the body is malformed or a field or header is wrong", body = ApiError),
        (status = 410, description = "the customer that this request created was erased since", body = ApiError),
        (status = 422, description = "the Idempotency-Key was used for another request", body = ApiError),
        (status = 503, description = "try again, with an Idempotency-Key", body = ApiError),
    ))]
async fn create<D: Database + Clone>(
    State(customers): State<Customers<D>>,
    correlation_id: CorrelationId,
    RequestTrace(trace): RequestTrace,
    key: IdempotencyKey,
    JsonBody(body): JsonBody<CreateCustomer>,
) -> Result<Json<Created>, ApiError> {
    let name = Name::new(body.name).map_err(|error| ApiError::invalid("name", error))?;
    let limit =
        Money::new(body.credit_limit.get()).map_err(|error| ApiError::invalid("credit_limit", error))?;
    let email = body.email.map(Email::new).transpose().map_err(|error| ApiError::invalid("email", error))?;
    let id = key.id_for("customer", || customers.new_id());
    let context = Context::of_request(correlation_id.as_uuid()).traced(trace);
    customers.create_reached_at(&context, (id, name, limit), email).await.map_err(|error| match error {
        CreateError::KeyReused => key.reused(),
        CreateError::Erased => IdempotencyKey::erased(),
        CreateError::Commit(error) if error.is_retryable() => ApiError::unavailable(&error),
        CreateError::Load(error) => not_loaded(&error),
        error => ApiError::failed(&error),
    })?;
    Ok(Json(Created { id, links: links(id) }))
}

/// Read a customer.
#[utoipa::path(get, path = "/customer/{id}", operation_id = "readCustomer", params(("id" = Uuid, Path)),
    security((), ("token" = ["customers:read"])),
    responses(
        (status = 200, description = "the customer as it is now", body = CustomerBody),
        (status = 400, description = "the id is no UUID", body = ApiError),
        (status = 404, description = "there is no such customer", body = ApiError),
        (status = 503, description = "try again", body = ApiError),
    ))]
async fn read<D: Database + Clone>(
    State(customers): State<Customers<D>>,
    UuidPath(id): UuidPath,
) -> Result<Json<CustomerBody>, ApiError> {
    let found = customers.find(id).await.map_err(|error| not_loaded(&error).with_links(links(id)))?;
    let not_found =
        || ApiError::new(StatusCode::NOT_FOUND, "CUSTOMER_NOT_FOUND_ERROR", "there is no such customer");
    found.map(|customer| Json(customer.into())).ok_or_else(|| not_found().with_links(links(id)))
}

fn not_loaded(error: &LoadError) -> ApiError {
    if error.is_retryable() { ApiError::unavailable(error) } else { ApiError::failed(error) }
}

impl From<Customer> for CustomerBody {
    fn from(customer: Customer) -> Self {
        Self {
            id: customer.id,
            name: customer.name.as_str().to_owned(),
            email: customer.email.as_ref().map(|email| email.as_str().to_owned()),
            credit_limit: customer.credit_limit.minor_units(),
            available_credit: customer.available_credit().minor_units(),
            version: customer.version,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
            links: links(customer.id),
        }
    }
}

fn links(id: Uuid) -> Links {
    Links::new().with("self", format!("/customer/{id}"))
}
