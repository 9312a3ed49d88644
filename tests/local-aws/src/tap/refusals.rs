//! Answers of AWS that the embedded AWS never gives by itself, in the form in which they come over the wire.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

const JSON: &str = "application/x-amz-json-1.0";

/// DynamoDB and SQS do, and name the operation in a header; SNS speaks XML.
fn speaks_json(request: &HttpRequest) -> bool {
    request.headers().contains_key("x-amz-target")
}

/// 400 because of too many calls, in the words of the service that is called.
pub fn throttled(request: &HttpRequest) -> HttpResponse {
    if speaks_json(request) {
        json_error(400, "ThrottlingException", "Rate exceeded")
    } else {
        xml_error(400, "Throttling", "Rate exceeded")
    }
}

/// 500, in the words of the service that is called.
pub fn server_error(request: &HttpRequest) -> HttpResponse {
    if speaks_json(request) {
        json_error(500, "InternalServerError", "internal error")
    } else {
        xml_error(500, "InternalError", "internal error")
    }
}

/// A transaction that met another one on its last item.
pub fn transaction_conflict(request: &HttpRequest) -> HttpResponse {
    let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    let actions = body["TransactItems"].as_array().map_or(1, Vec::len);
    let mut reasons = vec![json!({ "Code": "None" }); actions];
    if let Some(last) = reasons.last_mut() {
        *last = json!({ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" });
    }
    cancelled(reasons)
}

/// A transaction that DynamoDB cancels for these reasons, one for each action.
pub fn cancelled(reasons: Vec<Value>) -> HttpResponse {
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let message = "Transaction cancelled, please refer cancellation reasons for specific reasons";
    let body = json!({ "__type": kind, "message": message, "CancellationReasons": reasons });
    response(400, JSON, body.to_string())
}

/// SNS refuses a message as such: sending it again cannot help.
pub fn refused_message() -> HttpResponse {
    xml_error(400, "InvalidParameter", "Invalid parameter: Message too long")
}

/// SNS refuses a call as a whole with this code.
pub fn refused(code: &str) -> HttpResponse {
    xml_error(if code == "InternalError" { 500 } else { 400 }, code, "not taken")
}

/// A JSON service refuses with this code.
pub fn json_error(status: u16, code: &str, message: &str) -> HttpResponse {
    response(status, JSON, json!({ "__type": code, "message": message }).to_string())
}

fn xml_error(status: u16, code: &str, message: &str) -> HttpResponse {
    let kind = if status < 500 { "Sender" } else { "Receiver" };
    let body = format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>{kind}</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>lab</RequestId></ErrorResponse>"
    );
    response(status, "text/xml", body)
}

/// An answer with this body; a status that there is not becomes 500.
pub fn response(status: u16, content_type: &'static str, body: String) -> HttpResponse {
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::new(status.into(), SdkBody::from(body));
    response.headers_mut().insert("content-type", content_type);
    response
}
