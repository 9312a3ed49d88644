//! Client request tokens, forgotten after ten minutes of this AWS's own clock.
//!
//! dynoxide could remember them itself, but it forgets them by the machine's clock, which does not move while
//! a test's clock jumps ahead, and looks through all of them at each transaction. So it is not told of them.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use dynoxide::DynoxideError;
use serde_json::Value;

use crate::answer::Failure;

/// "Amazon DynamoDB API Reference, TransactWriteItems".
const REMEMBERED_S: u64 = 10 * 60;

/// AWS gives the same name to a transaction that is not over.
const IN_PROGRESS: Failure = Failure::Other(
    "TransactionInProgressException",
    "The transaction with the given request token is already in progress.",
);

/// The requests in progress, and the answers given within the last ten minutes, by token.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<Known>);

#[derive(Default)]
struct Known {
    requests: HashMap<String, Request>,
    /// When each was answered, oldest first.
    order: VecDeque<(u64, String)>,
}

struct Request {
    fingerprint: u64,
    /// None while it is in progress.
    answer: Option<String>,
}

impl Tokens {
    /// The answer that was given to this request before. If there was none, it is in progress from now on,
    /// until [`Tokens::end`].
    ///
    /// # Errors
    ///
    /// The request is in progress already, or the token was used for another one.
    pub(crate) fn begin(&self, token: &str, items: &Value, now: u64) -> Result<Option<String>, Failure> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget(now);
        let fingerprint = fingerprint(items);
        let Some(request) = known.requests.get(token) else {
            known.requests.insert(token.to_owned(), Request { fingerprint, answer: None });
            return Ok(None);
        };
        if request.fingerprint != fingerprint {
            let text = "the ClientRequestToken was used with other parameters within the last ten minutes";
            return Err(DynoxideError::IdempotentParameterMismatchException(text.to_owned()).into());
        }
        request.answer.clone().map(Some).ok_or(IN_PROGRESS)
    }

    /// The request is over. What has failed is not remembered.
    pub(crate) fn end(&self, token: String, answer: Option<&String>, now: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (answer, known.requests.get_mut(&token)) {
            (Some(answer), Some(request)) => {
                request.answer = Some(answer.clone());
                known.order.push_back((now, token));
            }
            _ => drop(known.requests.remove(&token)),
        }
    }
}

impl Known {
    fn forget(&mut self, now: u64) {
        while let Some((_, token)) =
            self.order.pop_front_if(|(since, _)| now.saturating_sub(*since) > REMEMBERED_S)
        {
            self.requests.remove(&token);
        }
    }
}

fn fingerprint(items: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    feed(items, &mut hasher);
    hasher.finish()
}

/// The members of an object have no sequence: a client may write them in another one when it sends the same
/// again.
fn feed(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            (members.len(), 'o').hash(hasher);
            for (name, member) in members {
                name.hash(hasher);
                feed(member, hasher);
            }
        }
        Value::Array(members) => {
            (members.len(), 'a').hash(hasher);
            members.iter().for_each(|member| feed(member, hasher));
        }
        other => other.to_string().hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_are_forgotten_and_not_kept_for_ever() {
        let tokens = Tokens::default();
        for n in 0..10_000u64 {
            let token = format!("token-{n}");
            assert!(tokens.begin(&token, &json!([n]), n).unwrap().is_none());
            tokens.end(token, Some(&"{}".to_owned()), n);
        }
        let known = tokens.0.lock().unwrap();
        assert_eq!((known.requests.len(), known.order.len()), (601, 601));
    }

    #[test]
    fn the_same_members_in_another_sequence_are_the_same_request() {
        assert_eq!(
            fingerprint(&serde_json::from_str::<Value>(r#"[{"a":1,"b":[2,3]}]"#).unwrap()),
            fingerprint(&serde_json::from_str::<Value>(r#"[{"b":[2,3],"a":1}]"#).unwrap())
        );
        assert_ne!(fingerprint(&json!([1, 2])), fingerprint(&json!([2, 1])));
        assert_ne!(fingerprint(&json!("1")), fingerprint(&json!(1)));
    }
}
