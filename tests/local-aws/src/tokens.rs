//! Client request tokens, forgotten after ten minutes of this AWS's own clock.
//!
//! dynoxide could remember them itself, but it forgets them by the machine's clock, which does not move while a test's clock jumps
//! ahead, and looks through all of them at each transaction. So it is not told of them.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use dynoxide::DynoxideError;
use serde_json::Value;

/// "Amazon DynamoDB API Reference, TransactWriteItems".
const REMEMBERED_S: u64 = 10 * 60;

/// The answers given within the last ten minutes, by token.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<Known>);

#[derive(Default)]
struct Known {
    answers: HashMap<String, Given>,
    /// When each was given, oldest first.
    order: VecDeque<(u64, String)>,
}

struct Given {
    request: u64,
    answer: String,
}

impl Tokens {
    /// The answer to the request: the one that was given to this token before, or else what `run` answers. What fails is not remembered.
    ///
    /// Only one request with a token runs at a time, so that two at once are not both carried out.
    ///
    /// # Errors
    ///
    /// What `run` fails with, or that the token was used for another request.
    pub(crate) fn once(
        &self,
        token: String,
        items: &Value,
        now: u64,
        run: impl FnOnce() -> Result<String, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget(now);
        let request = fingerprint(items);
        if let Some(given) = known.answers.get(&token) {
            if given.request != request {
                let text =
                    "the ClientRequestToken was used with other parameters within the last ten minutes";
                return Err(DynoxideError::IdempotentParameterMismatchException(text.to_owned()));
            }
            return Ok(given.answer.clone());
        }
        let answer = run()?;
        known.order.push_back((now, token.clone()));
        known.answers.insert(token, Given { request, answer: answer.clone() });
        Ok(answer)
    }
}

impl Known {
    fn forget(&mut self, now: u64) {
        while let Some((_, token)) =
            self.order.pop_front_if(|(since, _)| now.saturating_sub(*since) > REMEMBERED_S)
        {
            self.answers.remove(&token);
        }
    }
}

fn fingerprint(items: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    feed(items, &mut hasher);
    hasher.finish()
}

/// The members of an object have no sequence: a client may write them in another one when it sends the same again.
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
            tokens.once(format!("token-{n}"), &json!([n]), n, || Ok("{}".to_owned())).unwrap();
        }
        let known = tokens.0.lock().unwrap();
        assert_eq!((known.answers.len(), known.order.len()), (601, 601));
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
