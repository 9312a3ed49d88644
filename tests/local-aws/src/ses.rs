//! SES, as far as sending a mail goes: `SendEmail` of the API of version 2, with simple content. What was
//! sent is kept in memory and delivered to nobody.
//!
//! Our own, because there is no library to stand on: `rustack-ses-*` 0.12 answers every call of version 2
//! with "not implemented", and takes any text with an `@` for an address. What is refused, and with which
//! code, is from the "Amazon SES API v2 Reference, SendEmail" and the "Amazon SES Developer Guide, Service
//! quotas"; the words of a refusal are like those of SES and not promised by it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::response::json_response;
use crate::rules::Refusal;

/// Every path of the API begins so.
pub(crate) const PATH: &str = "/v2/email/";
const OUTBOUND: &str = "/v2/email/outbound-emails";

/// SES takes no more recipients of a message.
const MAX_RECIPIENTS: usize = 50;

/// The longest address (RFC 5321, 4.5.3.1.3).
const MAX_ADDRESS: usize = 254;

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The id that its sender was told.
    pub id: String,
    /// Whose name is on it.
    pub from: String,
    /// To whom it goes.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its text, without markup; empty if it has none.
    pub text: String,
    /// Its tags, by name, as its sender gave them.
    pub tags: Vec<(String, String)>,
}

/// The service. Identities are not checked: any address may send.
#[derive(Debug, Default)]
pub(crate) struct Ses {
    sent: Mutex<Vec<Mail>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    from_email_address: Option<String>,
    destination: Option<Destination>,
    content: EmailContent,
    #[serde(default)]
    email_tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    #[serde(default)]
    to_addresses: Vec<String>,
    #[serde(default)]
    cc_addresses: Vec<String>,
    #[serde(default)]
    bcc_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EmailContent {
    simple: Option<Simple>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Text,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

impl Ses {
    /// Everything that was sent, in its sequence.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.lock().clone()
    }

    pub(crate) fn answer(&self, request: Request<Bytes>, request_id: &str) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        if parts.method != Method::POST || parts.uri.path() != OUTBOUND {
            let unknown = Refusal::new("NotFoundException", "only SendEmail is served here");
            return refused(StatusCode::NOT_FOUND, &unknown, request_id);
        }
        match self.send(&body) {
            Ok(id) => json_response(StatusCode::OK, request_id, json!({ "MessageId": id }).to_string()),
            Err(refusal) => refused(StatusCode::BAD_REQUEST, &refusal, request_id),
        }
    }

    fn send(&self, body: &[u8]) -> Result<String, Refusal> {
        let bad = |text: String| Refusal::new("BadRequestException", text);
        let request: SendEmail = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
        let Some(Simple { subject, body }) = request.content.simple else {
            return Err(bad("only simple content is served here".to_owned()));
        };
        if subject.data.contains(['\r', '\n']) {
            return Err(bad("Header value contains illegal characters".to_owned()));
        }
        let from = request.from_email_address.unwrap_or_default();
        let to = request.destination.map(|to| [to.to_addresses, to.cc_addresses, to.bcc_addresses].concat());
        let to = to.unwrap_or_default();
        if to.is_empty() || to.len() > MAX_RECIPIENTS {
            return Err(bad(format!("Recipient count must be 1 to {MAX_RECIPIENTS}")));
        }
        if let Some(fault) = std::iter::once(&from).chain(&to).find_map(|address| fault(address)) {
            return Err(bad(fault));
        }
        let mut sent = self.lock();
        let id = format!("0100local{:08}-000000", sent.len() + 1);
        let text = body.text.map(|text| text.data).unwrap_or_default();
        let tags = request.email_tags.into_iter().map(|tag| (tag.name, tag.value)).collect();
        sent.push(Mail { id: id.clone(), from, to, subject: subject.data, text, tags });
        Ok(id)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Mail>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What SES says against an address, which may have a name in front: `Ada <ada@example.com>`.
fn fault(given: &str) -> Option<String> {
    let address =
        given.strip_suffix('>').and_then(|text| text.rsplit_once('<')).map_or(given, |(_, own)| own);
    let odd = |text: &str| text.chars().any(|c| c.is_control() || c.is_whitespace());
    let label = |text: &str| {
        !text.is_empty()
            && text.len() <= 63
            && !text.starts_with('-')
            && !text.ends_with('-')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Some(if given.is_empty() {
            "Invalid email address .".to_owned()
        } else {
            "Missing final '@domain'".to_owned()
        });
    };
    let text = match () {
        () if odd(local) => "Local address contains control or whitespace",
        () if odd(domain) => "Domain contains control or whitespace",
        // Letters beyond ASCII must be in Punycode, and cannot be in the local part at all.
        () if !local.is_ascii()
            || local.is_empty()
            || local.len() > 64
            || local.contains(['@', ',', ';']) =>
        {
            "Illegal address"
        }
        () if domain.is_empty() || domain.ends_with('.') || !domain.contains('.') => "Missing domain",
        () if !domain.split('.').all(label) => "Domain contains illegal character",
        () if address.len() > MAX_ADDRESS => "Address is too long",
        () => return None,
    };
    Some(text.to_owned())
}

/// In the protocol of this API the code is in a header.
fn refused(status: StatusCode, refusal: &Refusal, request_id: &str) -> Response<Bytes> {
    let mut response = json_response(status, request_id, json!({ "message": refusal.message }).to_string());
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(refusal.code));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_refused_as_ses_refuses_them() {
        for good in [
            "ada@example.com",
            "Ada <ada@example.com>",
            "a.b+c@mail.example.co.uk",
            "x@xn--bcher-kva.example",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for (bad, why) in [
            ("", "Invalid email address ."),
            ("ada", "Missing final '@domain'"),
            ("ada@", "Missing domain"),
            ("ada@example", "Missing domain"),
            ("ada@example.com.", "Missing domain"),
            ("@example.com", "Illegal address"),
            ("a@b@example.com", "Illegal address"),
            ("ada@example.com,bob@example.com", "Illegal address"),
            ("äda@example.com", "Illegal address"),
            ("a da@example.com", "Local address contains control or whitespace"),
            ("ada@exam ple.com", "Domain contains control or whitespace"),
            ("ada@bücher.example", "Domain contains illegal character"),
            ("ada@-example.com", "Domain contains illegal character"),
            ("ada@example..com", "Domain contains illegal character"),
        ] {
            assert_eq!(fault(bad).as_deref(), Some(why), "{bad}");
        }
    }
}
