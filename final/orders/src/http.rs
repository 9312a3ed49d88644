//! The HTTP interface: paths, bodies, links and error codes of the contract, and the OpenAPI document that
//! describes them.

use std::collections::BTreeSet;

use axum::{
    Json, Router, extract,
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use service_kit::{
    ApiError, CorrelationId, IdempotencyKey, JsonBody, Links, RequestTrace, UuidPath, UuidText, WholeNumber,
    openapi, optional_slash,
};
use time::OffsetDateTime;
use transactional_messaging::{message::Context, timestamp};
use unit_of_work::Database;
use utoipa::{OpenApi, ToSchema, openapi::Object};
use uuid::Uuid;

use crate::{
    domain::{Order, Refusal, State, Total},
    store::{TIMEOUT, refusal_name, rejection_reason, state_name},
    use_cases::{OrderError, Orders},
};

/// The routes of this service, without those that all services have.
pub fn routes<D: Database + Clone + 'static>(orders: Orders<D>) -> Router {
    let routes = optional_slash(Router::new(), "/orders", post(create::<D>));
    let routes = optional_slash(routes, "/order/{id}/cancel", post(cancel::<D>));
    optional_slash(routes, "/order/{id}", get(read::<D>)).with_state(orders)
}

/// The OpenAPI document: what this service accepts and answers, with what all services have in common.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(Document::openapi(), "orders")
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "orders",
        description = "Orders that reserve customer credit. Amounts are whole minor units (cents). Every path is the same with a `/` \
                       behind it."
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
    customer_id: UuidText,
    #[schema(schema_with = openapi::whole_number)]
    order_total: WholeNumber,
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
    #[schema(schema_with = state_names)]
    state: &'static str,
    /// Why the order was rejected. Only rejected orders have it, and of those not the ones from before it
    /// was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = rejection_reasons, required = false)]
    rejection_reason: Option<&'static str>,
    #[schema(schema_with = openapi::whole_number)]
    order_total: u64,
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

fn state_names() -> Object {
    openapi::one_of(BTreeSet::from(State::ALL.map(state_name)))
}

fn rejection_reasons() -> Object {
    openapi::one_of(Refusal::ALL.map(refusal_name).into_iter().chain([TIMEOUT]))
}

/// Place an order. It is pending until the customers service has decided. With an `Idempotency-Key` the
/// request may be sent again.
#[utoipa::path(post, path = "/orders", operation_id = "createOrder", request_body = CreateOrder,
    security((), ("token" = ["orders:write"])),
    params(("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 200, description = "it is placed", body = Accepted, links(
            ("readOrder" = (operation_id = "readOrder", parameters(("id" = "$response.body#/id")))),
            ("cancelOrder" = (operation_id = "cancelOrder", parameters(("id" = "$response.body#/id")))),
        )),
        (status = 400, description = "the body is malformed or a field or header is wrong", body = ApiError),
        (status = 410, description = "the order that this request placed was erased since", body = ApiError),
        (status = 422, description = "the Idempotency-Key was used for another request", body = ApiError),
        (status = 503, description = "try again, with an Idempotency-Key", body = ApiError),
    ))]
// ANCHOR: create
async fn create<D: Database + Clone>(
    extract::State(orders): extract::State<Orders<D>>,
    correlation_id: CorrelationId,
    RequestTrace(trace): RequestTrace,
    key: IdempotencyKey,
    JsonBody(body): JsonBody<CreateOrder>,
) -> Result<Json<Accepted>, ApiError> {
    let total =
        Total::new(body.order_total.get()).map_err(|error| ApiError::invalid("order_total", error))?;
    let id = key.id_for("order", || orders.new_id());
    let context = Context::of_request(correlation_id.as_uuid()).traced(trace);
    let created = orders.create(&context, id, body.customer_id.0, total).await;
    created.map_err(|error| match error {
        OrderError::KeyReused => key.reused(),
        error => answer_to(error),
    })?;
    Ok(Json(Accepted { id, links: links(id) }))
}
// ANCHOR_END: create

/// Read an order.
#[utoipa::path(get, path = "/order/{id}", operation_id = "readOrder", params(("id" = Uuid, Path)),
    security((), ("token" = ["orders:read"])),
    responses(
        (status = 200, description = "the order as it is now", body = OrderBody),
        (status = 400, description = "the id is no UUID", body = ApiError),
        (status = 404, description = "there is no such order", body = ApiError),
        (status = 503, description = "try again", body = ApiError),
    ))]
async fn read<D: Database + Clone>(
    extract::State(orders): extract::State<Orders<D>>,
    UuidPath(id): UuidPath,
) -> Result<Json<OrderBody>, ApiError> {
    let found = orders.find(id).await.map_err(|error| answer_to(error.into()).with_links(links(id)))?;
    found.map(|order| Json(order.into())).ok_or_else(|| answer_to(OrderError::NotFound).with_links(links(id)))
}

/// Cancel an approved order. Cancelling it again changes nothing.
#[utoipa::path(post, path = "/order/{id}/cancel", operation_id = "cancelOrder", params(("id" = Uuid, Path)),
    security((), ("token" = ["orders:write"])),
    responses(
        (status = 200, description = "it is cancelled", body = Accepted),
        (status = 400, description = "the order is pending or rejected, or the id is no UUID", body = ApiError),
        (status = 404, description = "there is no such order", body = ApiError),
        (status = 409, description = "the order is being changed by others; try again", body = ApiError),
        (status = 503, description = "try again", body = ApiError),
    ))]
async fn cancel<D: Database + Clone>(
    extract::State(orders): extract::State<Orders<D>>,
    correlation_id: CorrelationId,
    RequestTrace(trace): RequestTrace,
    UuidPath(id): UuidPath,
) -> Result<Json<Accepted>, ApiError> {
    let context = Context::of_request(correlation_id.as_uuid()).traced(trace);
    orders.cancel(&context, id).await.map_err(|error| answer_to(error).with_links(links(id)))?;
    Ok(Json(Accepted { id, links: links(id) }))
}

fn answer_to(error: OrderError) -> ApiError {
    let say = |status, code| ApiError::new(status, code, error.to_string());
    match &error {
        OrderError::Erased => IdempotencyKey::erased(),
        OrderError::NotFound => say(StatusCode::NOT_FOUND, "ORDER_NOT_FOUND_ERROR"),
        OrderError::StillPending => say(StatusCode::BAD_REQUEST, "PENDING_ORDER_CANNOT_BE_CANCELLED_ERROR"),
        OrderError::WasRejected => say(StatusCode::BAD_REQUEST, "REJECTED_ORDER_CANNOT_BE_CANCELLED_ERROR"),
        OrderError::Contended => say(StatusCode::CONFLICT, "CONCURRENT_CHANGE_ERROR"),
        error if error.is_retryable() => ApiError::unavailable(error),
        _ => ApiError::failed(&error),
    }
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> Self {
        Self {
            id: order.id,
            customer_id: order.customer_id,
            state: state_name(order.state),
            rejection_reason: rejection_reason(order.state).or(order.refusal.map(refusal_name)),
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
