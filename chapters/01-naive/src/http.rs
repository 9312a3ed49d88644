//! The HTTP endpoints of both services.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::App;
use crate::error::Error;
use crate::store::{Customer, Order};
use crate::{customers, orders};

type Answer = Result<Json<Value>, Error>;

#[derive(Deserialize)]
struct NewCustomer {
    name: String,
    credit_limit: i64,
}

#[derive(Deserialize)]
struct NewOrder {
    customer_id: Uuid,
    order_total: i64,
}

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/customers", post(create_customer))
        .route("/customer/{id}", get(get_customer))
        .route("/orders", post(place_order))
        .route("/order/{id}", get(get_order))
        .route("/order/{id}/cancel", post(cancel_order))
        .with_state(app)
}

async fn create_customer(State(app): State<App>, Json(new): Json<NewCustomer>) -> Answer {
    let customer = customers::create(&app, new.name, new.credit_limit).await?;
    let links = json!({ "self": { "href": format!("/customer/{}", customer.customer_id) } });
    Ok(Json(json!({ "id": customer.customer_id, "_links": links })))
}

async fn get_customer(State(app): State<App>, Path(id): Path<Uuid>) -> Answer {
    let Customer { name, credit_limit, available_credit, .. } = customers::get(&app, id).await?;
    let links = json!({ "self": { "href": format!("/customer/{id}") } });
    Ok(Json(json!({
        "id": id,
        "name": name,
        "credit_limit": credit_limit,
        "available_credit": available_credit,
        "_links": links,
    })))
}

async fn place_order(State(app): State<App>, Json(new): Json<NewOrder>) -> Answer {
    let order = orders::place(&app, new.customer_id, new.order_total).await?;
    Ok(Json(json!({ "id": order.order_id, "_links": order_links(order.order_id) })))
}

async fn get_order(State(app): State<App>, Path(id): Path<Uuid>) -> Answer {
    let Order { customer_id, state, total_amount, .. } = orders::get(&app, id).await?;
    Ok(Json(json!({
        "id": id,
        "customer_id": customer_id,
        "state": state,
        "order_total": total_amount,
        "_links": order_links(id),
    })))
}

async fn cancel_order(State(app): State<App>, Path(id): Path<Uuid>) -> Answer {
    orders::cancel(&app, id).await?;
    Ok(Json(json!({ "id": id, "_links": order_links(id) })))
}

fn order_links(id: Uuid) -> Value {
    json!({ "self": { "href": format!("/order/{id}") }, "cancel": { "href": format!("/order/{id}/cancel") } })
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = match self {
            Self::CustomerNotFound(_) => (StatusCode::NOT_FOUND, "CUSTOMER_NOT_FOUND_ERROR"),
            Self::OrderNotFound(_) => (StatusCode::NOT_FOUND, "ORDER_NOT_FOUND_ERROR"),
            Self::PendingOrderCannotBeCancelled => {
                (StatusCode::BAD_REQUEST, "PENDING_ORDER_CANNOT_BE_CANCELLED_ERROR")
            }
            Self::RejectedOrderCannotBeCancelled => {
                (StatusCode::BAD_REQUEST, "REJECTED_ORDER_CANNOT_BE_CANCELLED_ERROR")
            }
            Self::Unreadable(_) | Self::Aws(_) => {
                tracing::error!(error = self.in_full(), "a request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "SYSTEM_ERROR")
            }
        };
        (status, Json(json!({ "error": code }))).into_response()
    }
}
