//! Batches of items of which DynamoDB leaves the first unprocessed: the others go through.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::{Value, json};

use super::{Answer, refusals, rewrite};
use crate::in_memory::InMemoryAws;

/// Carries out a `BatchWriteItem` or `BatchGetItem` without its first entry, which the answer names as
/// unprocessed.
///
/// # Errors
///
/// When the embedded AWS cannot be reached.
pub async fn without_first_entry(aws: &InMemoryAws, mut request: HttpRequest) -> Answer {
    let read = |bytes: Option<&[u8]>| serde_json::from_slice::<Value>(bytes.unwrap_or_default());
    let Ok(mut body) = read(request.body().bytes()) else { return aws.call(request).await };
    let (name, unprocessed) = take_first(&mut body);
    let is_empty = body["RequestItems"].as_object().is_none_or(serde_json::Map::is_empty);
    let mut answer = json!({ "Responses": {} });
    if !is_empty {
        rewrite(&mut request, body.to_string());
        let response = aws.call(request).await?;
        match read(response.body().bytes()) {
            Ok(whole) if response.status().is_success() => answer = whole,
            _ => return Ok(response),
        }
    }
    answer[name] = unprocessed;
    Ok(refusals::response(200, "application/x-amz-json-1.0", answer.to_string()))
}

/// Takes the first entry of the first table: what the answer calls such entries, and the entry in its form.
fn take_first(request: &mut Value) -> (&'static str, Value) {
    let mut first = json!({});
    let Some(tables) = request["RequestItems"].as_object_mut() else { return ("UnprocessedItems", first) };
    let Some((table, left)) = tables.iter_mut().next() else { return ("UnprocessedItems", first) };
    let (table, mut taken) = (table.clone(), left.clone());
    let name = if left.is_object() { "UnprocessedKeys" } else { "UnprocessedItems" };
    if let Some(taken) = list(&mut taken) {
        taken.truncate(1);
    }
    let is_empty = list(left).is_none_or(|left| {
        left.drain(..left.len().min(1));
        left.is_empty()
    });
    first[&table] = taken;
    if is_empty {
        tables.remove(&table);
    }
    (name, first)
}

/// The writes of a table are a list; its keys are one, beside how they are to be read.
fn list(entries: &mut Value) -> Option<&mut Vec<Value>> {
    match entries {
        Value::Object(read) => read.get_mut("Keys")?.as_array_mut(),
        writes => writes.as_array_mut(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_is_taken_in_its_form() {
        let mut write = json!({ "RequestItems": { "rows": ["one", "two"] } });
        assert_eq!(take_first(&mut write), ("UnprocessedItems", json!({ "rows": ["one"] })));
        assert_eq!(write, json!({ "RequestItems": { "rows": ["two"] } }));
        let mut read = json!({ "RequestItems": { "rows": { "Keys": ["one"], "ConsistentRead": true } } });
        let taken = json!({ "rows": { "Keys": ["one"], "ConsistentRead": true } });
        assert_eq!(take_first(&mut read), ("UnprocessedKeys", taken));
        assert_eq!(read, json!({ "RequestItems": {} }), "nothing is left to ask for");
    }
}
