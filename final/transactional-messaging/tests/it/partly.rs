//! Batches that are done in part, as AWS may: it answers 200 and names the rest.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use local_aws::InMemoryAws;

use crate::wire::{Answer, Fault, response};

const ENTRY: &str = "PublishBatchRequestEntries.member.";

/// What SNS does with the entries whose message holds a text.
#[derive(Clone, Copy)]
pub(crate) enum Not {
    /// Refuses them with this code, and says whose fault it is.
    With(&'static str, bool),
    /// Refuses them for good.
    Taken,
    /// Fails on them this time.
    ThisTime,
    /// Says nothing of them.
    Mentioned,
}

pub(crate) fn partly(not: Not, with: &str) -> Fault {
    let with = with.to_owned();
    Fault::instead(move |aws, request| publish_partly(aws, request, not, with.clone()))
}

async fn publish_partly(aws: InMemoryAws, mut request: HttpRequest, not: Not, with: String) -> Answer {
    let body = request.body().bytes().unwrap_or_default().to_vec();
    let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for number in 1.. {
        let member = format!("{ENTRY}{number}.");
        let entry: Vec<_> =
            fields.iter().filter_map(|(name, value)| Some((name.strip_prefix(&member)?, value))).collect();
        let field = |wanted| entry.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
        let (Some(id), Some(message)) = (field("Id"), field("Message")) else { break };
        if message.contains(&with) { left_out.push(id.to_owned()) } else { kept.push(entry) }
    }
    let rest = form(&fields, &kept);
    let answer = if kept.is_empty() {
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult></PublishBatchResult></PublishBatchResponse>".to_owned()
    } else {
        *request.body_mut() = SdkBody::from(rest);
        request.headers_mut().remove("content-length");
        let answer = aws.call(request).await?;
        String::from_utf8_lossy(answer.body().bytes().unwrap_or_default()).replace("<Failed/>", "")
    };
    let failed: String = left_out.iter().map(|id| failed_entry(id, not)).collect();
    let end = format!("<Failed>{failed}</Failed></PublishBatchResult>");
    Ok(response(200, answer.replace("<Failed></Failed>", "").replace("</PublishBatchResult>", &end)))
}

/// The same call with the entries that are kept, numbered anew.
fn form(fields: &[(String, String)], kept: &[Vec<(&str, &String)>]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields.iter().filter(|(name, _)| !name.starts_with(ENTRY)));
    for (number, entry) in kept.iter().enumerate() {
        form.extend_pairs(entry.iter().map(|(name, value)| (format!("{ENTRY}{}.{name}", number + 1), value)));
    }
    form.finish()
}

fn failed_entry(id: &str, not: Not) -> String {
    let (code, sender_fault) = match not {
        Not::With(code, sender_fault) => (code, sender_fault),
        Not::Taken => ("InvalidParameter", true),
        Not::ThisTime => ("InternalFailure", false),
        Not::Mentioned => return String::new(),
    };
    format!(
        "<member><Id>{id}</Id><Code>{code}</Code><Message>injected</Message><SenderFault>{sender_fault}</SenderFault></member>"
    )
}

/// `BatchWriteItem` of which DynamoDB does only the first half, as it may: it answers 200 and names the rest.
pub(crate) fn half_done() -> Fault {
    Fault::instead(|aws, mut request| async move {
        let mut body: serde_json::Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut rest = serde_json::Map::new();
        for (table, requests) in body["RequestItems"].as_object_mut().unwrap() {
            let requests = requests.as_array_mut().unwrap();
            rest.insert(table.clone(), requests.split_off(requests.len() / 2).into());
        }
        let done = body["RequestItems"]
            .as_object()
            .unwrap()
            .values()
            .any(|some| !some.as_array().unwrap().is_empty());
        if done {
            *request.body_mut() = SdkBody::from(body.to_string());
            request.headers_mut().remove("content-length");
            aws.call(request).await?;
        }
        Ok(response(200, serde_json::json!({ "UnprocessedItems": rest }).to_string()))
    })
}
