//! Client request tokens, forgotten after ten minutes of this AWS's own clock.
//!
//! dynoxide forgets them by the machine's clock, which does not move while a test's clock jumps ahead.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// "Amazon DynamoDB API Reference, TransactWriteItems".
const REMEMBERED_S: u64 = 10 * 60;

/// When each token was first used, and how often it was forgotten before.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, (u64, u16)>>);

impl Tokens {
    /// The token under which dynoxide knows it: the same for ten minutes, and then another.
    pub(crate) fn as_known(&self, token: String, now: u64) -> String {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, forgotten) = tokens.entry(token.clone()).or_insert((now, 0));
        if now.saturating_sub(*since) > REMEMBERED_S {
            (*since, *forgotten) = (now, forgotten.wrapping_add(1));
        }
        match *forgotten {
            0 => token,
            // A token has at most 36 characters.
            times => format!("{times:04x}{}", token.chars().skip(4).collect::<String>()),
        }
    }
}
