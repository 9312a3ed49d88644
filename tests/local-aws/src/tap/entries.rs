//! `PublishBatch` of which SNS takes only some entries, as it may: it answers 200, those go through, and the
//! others come back as failed.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::{Answer, refusals, rewrite, rewrite_answer};
use crate::in_memory::InMemoryAws;

const ENTRY: &str = "PublishBatchRequestEntries.member.";

/// What SNS says of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It is published.
    Taken,
    /// It is not, for the reason with this code, and whose fault that is.
    Refused {
        /// Such as `InvalidParameter`.
        code: &'static str,
        /// Whether it blames the sender. It does not always agree with the code.
        sender_fault: bool,
    },
    /// It is not, and the answer does not tell.
    Unmentioned,
}

/// Carries the batch out as `judge` says, which is given the number (from 0) and the message of each entry.
///
/// # Errors
///
/// When the embedded AWS cannot be reached.
pub async fn publish(
    aws: &InMemoryAws,
    mut request: HttpRequest,
    judge: impl Fn(usize, &str) -> Entry,
) -> Answer {
    let fields: Vec<(String, String)> =
        form_urlencoded::parse(request.body().bytes().unwrap_or_default()).into_owned().collect();
    let (mut kept, mut failed) = (Vec::new(), String::new());
    for number in 1.. {
        let member = format!("{ENTRY}{number}.");
        let entry: Vec<_> =
            fields.iter().filter_map(|(name, value)| Some((name.strip_prefix(&member)?, value))).collect();
        let field = |wanted: &str| entry.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let (Some(id), Some(message)) = (field("Id"), field("Message")) else { break };
        match judge(number - 1, message) {
            Entry::Taken => kept.push(entry),
            Entry::Refused { code, sender_fault } => failed += &failed_entry(id, code, sender_fault),
            Entry::Unmentioned => {}
        }
    }
    if kept.is_empty() {
        return Ok(refusals::response(200, "text/xml", nothing_but(&failed)));
    }
    rewrite(&mut request, form(&fields, &kept));
    let mut answer = aws.call(request).await?;
    let text = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default()).into_owned();
    let text = text.replace("<Failed/>", "").replace("<Failed></Failed>", "");
    let end = format!("<Failed>{failed}</Failed></PublishBatchResult>");
    rewrite_answer(&mut answer, text.replace("</PublishBatchResult>", &end));
    Ok(answer)
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

fn failed_entry(id: &str, code: &str, sender_fault: bool) -> String {
    format!(
        "<member><Id>{id}</Id><Code>{code}</Code><Message>not taken</Message>\
         <SenderFault>{sender_fault}</SenderFault></member>"
    )
}

fn nothing_but(failed: &str) -> String {
    format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>\
         <Successful></Successful><Failed>{failed}</Failed></PublishBatchResult><ResponseMetadata>\
         <RequestId>tap</RequestId></ResponseMetadata></PublishBatchResponse>"
    )
}
