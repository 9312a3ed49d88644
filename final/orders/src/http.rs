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
use unit_of_work::Database;
use utoipa::{OpenApi, ToSchema};
use uuid::{Uuid, fmt::Hyphenated};

use crate::{
    domain::{Order, Total},
    store::state_name,
    use_cases::{OrderError, Orders},
};

/// The routes of this service, without those that all services have.
pub fn routes<D: Database + Clone + 'static>(orders: Orders<D>) -> Router {
    let routes =
        Router::new().route("/orders", post(create::<D>)).route("/order/{id}/cancel", post(cancel::<D>));
    optional_slash(routes, "/order/{id}", get(read::<D>)).with_state(orders)
}

/// The OpenAPI document, at `/openapi.json`.
pub fn openapi() -> Router {
    Router::new().route("/openapi.json", get(async || Json(Document::openapi())))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "orders",
        description = "Orders that reserve customer credit. Amounts are whole minor units (cents)."
    ),
    paths(create, read, cancel),
    components(schemas(CreateOrder, Accepted, OrderBody, ApiError))
)]
struct Document;

/// A new order.
#[derive(Deserialize, ToSchema)]
struct CreateOrder {
    /// The customer's id. Whether there is such a customer turns out later: the order is then rejected.
    #[schema(value_type = Uuid)]
    customer_id: Hyphenated,
    /// In minor units, from 0 to 2^53 − 1.
    order_total: u64,
}

#[derive(Serialize, ToSchema)]
struct Accepted {
    id: Uuid,
    #[serde(rename = "_links")]
    links: Links,
}

/// An order.
#[derive(Serialize, ToSchema)]
struct OrderBody {
    id: Uuid,
    customer_id: Uuid,
    /// `PENDING`, `APPROVED`, `REJECTED` or `CANCELLED`.
    state: &'static str,
    order_total: u64,
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

/// Place an order. It is pending until the customers service has decided. With an `Idempotency-Key` the request may be sent again.
#[utoipa::path(post, path = "/orders", request_body = CreateOrder,
    params(("Idempotency-Key" = Option<String>, Header, description = "makes the request safe to repeat")),
    responses(
        (status = 200, body = Accepted),
        (status = 400, description = "the body is malformed or a field is wrong", body = ApiError),
        (status = 422, description = "the Idempotency-Key was used for another request", body = ApiError),
        (status = 503, description = "try again, with an Idempotency-Key", body = ApiError),
    ))]
// ANCHOR: create
async fn create<D: Database + Clone>(
    State(orders): State<Orders<D>>,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
    JsonBody(body): JsonBody<CreateOrder>,
) -> Result<Json<Accepted>, ApiError> {
    let total = Total::new(body.order_total).map_err(|error| ApiError::invalid("order_total", error))?;
    let id = key.id_for("order", || orders.new_id());
    let context = Context::of_request(correlation_id.as_uuid());
    orders.create(&context, id, body.customer_id.into_uuid(), total).await.map_err(answer_to)?;
    Ok(Json(Accepted { id, links: links(id) }))
}
// ANCHOR_END: create

/// Read an order.
#[utoipa::path(get, path = "/order/{id}", params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = OrderBody),
        (status = 400, description = "the id is no UUID", body = ApiError),
        (status = 404, description = "there is no such order", body = ApiError),
        (status = 503, description = "try again", body = ApiError),
    ))]
async fn read<D: Database + Clone>(
    State(orders): State<Orders<D>>,
    UuidPath(id): UuidPath,
) -> Result<Json<OrderBody>, ApiError> {
    let found = orders.find(id).await.map_err(|error| answer_to(error.into()).with_links(links(id)))?;
    found.map(|order| Json(order.into())).ok_or_else(|| answer_to(OrderError::NotFound).with_links(links(id)))
}

/// Cancel an approved order. Cancelling it again changes nothing.
#[utoipa::path(post, path = "/order/{id}/cancel", params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = Accepted),
        (status = 400, description = "the order is pending or rejected, or the id is no UUID", body = ApiError),
        (status = 404, description = "there is no such order", body = ApiError),
        (status = 409, description = "the order is being changed by others; try again", body = ApiError),
        (status = 503, description = "try again", body = ApiError),
    ))]
async fn cancel<D: Database + Clone>(
    State(orders): State<Orders<D>>,
    correlation_id: CorrelationId,
    UuidPath(id): UuidPath,
) -> Result<Json<Accepted>, ApiError> {
    let context = Context::of_request(correlation_id.as_uuid());
    orders.cancel(&context, id).await.map_err(|error| answer_to(error).with_links(links(id)))?;
    Ok(Json(Accepted { id, links: links(id) }))
}

fn answer_to(error: OrderError) -> ApiError {
    let say = |status, code| ApiError::new(status, code, error.to_string());
    match &error {
        OrderError::KeyReused => IdempotencyKey::reused(),
        OrderError::NotFound => say(StatusCode::NOT_FOUND, "ORDER_NOT_FOUND_ERROR"),
        OrderError::StillPending => say(StatusCode::BAD_REQUEST, "PENDING_ORDER_CANNOT_BE_CANCELLED_ERROR"),
        OrderError::WasRejected => say(StatusCode::BAD_REQUEST, "REJECTED_ORDER_CANNOT_BE_CANCELLED_ERROR"),
        OrderError::Contended => say(StatusCode::CONFLICT, "CONCURRENT_CHANGE_ERROR"),
        OrderError::Commit(commit) if commit.is_retryable() => ApiError::unavailable(&error),
        OrderError::Load(load) if load.is_retryable() => ApiError::unavailable(&error),
        _ => ApiError::failed(&error),
    }
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> Self {
        Self {
            id: order.id,
            customer_id: order.customer_id,
            state: state_name(order.state),
            order_total: order.total.minor_units(),
            version: order.version,
            created_at: order.created_at,
            updated_at: order.updated_at,
            links: links(order.id),
        }
    }
}

fn links(id: Uuid) -> Links {
    Links::new().with("self", format!("/order/{id}")).with("cancel", format!("/order/{id}/cancel"))
}
