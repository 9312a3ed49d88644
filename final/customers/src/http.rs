//! The HTTP interface: paths, bodies, links and error codes of the contract, and the OpenAPI document that describes them.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use service_kit::{ApiError, CorrelationId, IdempotencyKey, JsonBody, Links, UuidPath, optional_slash};
use time::OffsetDateTime;
use transactional_messaging::{message::Context, timestamp};
use unit_of_work::{Database, LoadError};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::{
    domain::{Customer, Money, Name},
    use_cases::{CreateError, Customers},
};

/// The routes of this service, without those that all services have.
pub fn routes<D: Database + Clone + 'static>(customers: Customers<D>) -> Router {
    let routes = Router::new().route("/customers", post(create::<D>));
    optional_slash(routes, "/customer/{id}", get(read::<D>)).with_state(customers)
}

/// The OpenAPI document, at `/openapi.json`.
pub fn openapi() -> Router {
    Router::new().route("/openapi.json", get(async || Json(Document::openapi())))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "customers",
        description = "Customers and their credit limits. Amounts are whole minor units (cents)."
    ),
    paths(create, read),
    components(schemas(CreateCustomer, Created, CustomerBody, ApiError))
)]
struct Document;

/// A new customer.
#[derive(Deserialize, ToSchema)]
struct CreateCustomer {
    /// 1 to 200 characters.
    name: String,
    /// In minor units, from 0 to 2^53 − 1.
    credit_limit: u64,
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
    credit_limit: u64,
    available_credit: u64,
    version: u64,
    #[serde(with = "timestamp")]
    #[schema(value_type = String)]
    created_at: OffsetDateTime,
    #[serde(with = "timestamp::option")]
    #[schema(value_type = Option<String>)]
    updated_at: Option<OffsetDateTime>,
    #[serde(rename = "_links")]
    links: Links,
}

/// Create a customer. With an `Idempotency-Key` the request may be sent again.
#[utoipa::path(post, path = "/customers", request_body = CreateCustomer,
    params(("Idempotency-Key" = Option<String>, Header, description = "makes the request safe to repeat")),
    responses(
        (status = 200, body = Created),
        (status = 400, description = "the body is malformed or a field is wrong", body = ApiError),
        (status = 422, description = "the Idempotency-Key was used for another request", body = ApiError),
        (status = 503, description = "try again, with an Idempotency-Key", body = ApiError),
    ))]
async fn create<D: Database + Clone>(
    State(customers): State<Customers<D>>,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
    JsonBody(body): JsonBody<CreateCustomer>,
) -> Result<Json<Created>, ApiError> {
    let name = Name::new(body.name).map_err(|error| ApiError::invalid("name", error))?;
    let limit = Money::new(body.credit_limit).map_err(|error| ApiError::invalid("credit_limit", error))?;
    let id = key.id_for("customer", || customers.new_id());
    let context = Context::of_request(correlation_id.as_uuid());
    customers.create(&context, id, name, limit).await.map_err(|error| match error {
        CreateError::KeyReused => IdempotencyKey::reused(),
        CreateError::Commit(error) if error.is_retryable() => ApiError::unavailable(&error),
        CreateError::Load(error) => not_loaded(&error),
        error => ApiError::failed(&error),
    })?;
    Ok(Json(Created { id, links: links(id) }))
}

/// Read a customer.
#[utoipa::path(get, path = "/customer/{id}", params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = CustomerBody),
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
