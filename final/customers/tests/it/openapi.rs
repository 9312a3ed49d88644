//! The OpenAPI document says what the service enforces. That the service does what it says is asked by
//! scripts/check-openapi.

use customers::{
    domain::{EMAIL_PATTERN, MAX_AMOUNT, MAX_EMAIL_CHARS, MAX_NAME_CHARS, NAME_PATTERN},
    http,
};
use serde_json::{Value, json};
use service_kit::IdempotencyKey;

fn document() -> Value {
    serde_json::to_value(http::document()).unwrap()
}

#[test]
fn a_new_customer_has_the_limits_of_the_domain() {
    let fields = &document()["components"]["schemas"]["CreateCustomer"]["properties"];
    let name = &fields["name"];
    assert_eq!(
        (&name["minLength"], &name["maxLength"], &name["pattern"]),
        (&json!(1), &json!(MAX_NAME_CHARS), &json!(NAME_PATTERN))
    );
    let email = &fields["email"];
    assert_eq!(
        (&email["type"], &email["maxLength"], &email["pattern"]),
        (&json!(["string", "null"]), &json!(MAX_EMAIL_CHARS), &json!(EMAIL_PATTERN))
    );
    let required = &document()["components"]["schemas"]["CreateCustomer"]["required"];
    assert_eq!(required, &json!(["name", "credit_limit"]));
    assert_eq!(
        (&fields["credit_limit"]["minimum"], &fields["credit_limit"]["maximum"]),
        (&json!(0), &json!(MAX_AMOUNT))
    );
}

#[test]
fn the_headers_of_a_request_are_described() {
    let create = &document()["paths"]["/customers"]["post"];
    let names = create["parameters"].as_array().unwrap().iter();
    let names = names.map(|parameter| (&parameter["name"], &parameter["schema"]["pattern"]));
    let pattern = json!(IdempotencyKey::PATTERN);
    assert_eq!(
        names.collect::<Vec<_>>(),
        [(&json!("Idempotency-Key"), &pattern), (&json!("X-Correlation-Id"), &Value::Null)]
    );
}

#[test]
fn every_answer_that_a_request_can_get_is_described_with_its_headers() {
    let document = document();
    let statuses = |path: &str, method: &str| {
        let responses = document["paths"][path][method]["responses"].as_object().unwrap().clone();
        for (status, response) in &responses {
            let headers = response["headers"].as_object().unwrap();
            assert!(headers.contains_key("X-Correlation-Id"), "{path} {status}");
            assert_eq!(headers.contains_key("Retry-After"), status == "503", "{path} {status}");
            assert_eq!(headers.contains_key("Allow"), status == "405", "{path} {status}");
            let about_tokens = matches!(status.as_str(), "401" | "403");
            assert_eq!(headers.contains_key("WWW-Authenticate"), about_tokens, "{path} {status}");
            assert!(response["content"]["application/json"]["schema"].is_object(), "{path} {status}");
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{path} {status}");
        }
        responses.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(statuses("/customers", "post"), "200 400 401 403 405 410 413 415 422 500 503");
    assert_eq!(statuses("/customer/{id}", "get"), "200 400 401 403 404 405 500 503");
    for path in ["/customers/health", "/customers/ready"] {
        assert_eq!(statuses(path, "get"), "200 400 405 500 503");
    }
}

#[test]
fn instants_are_instants_and_no_description_quotes_a_program() {
    let document = document();
    let customer = &document["components"]["schemas"]["CustomerBody"]["properties"];
    assert_eq!(
        (&customer["created_at"]["format"], &customer["updated_at"]["format"]),
        (&json!("date-time"), &json!("date-time"))
    );
    let text = document.to_string();
    assert!(!text.contains("```") && !text.contains("crate::") && !text.contains("[`"), "{text}");
}
