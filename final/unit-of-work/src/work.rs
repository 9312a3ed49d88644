//! The unit of work itself.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;
use waiting::{Backoff, Deadline};

use crate::{
    action::{Action, Otherwise},
    database::{CancellationReason, Database, TransactFailure},
    error::CommitError,
    evidence::{self, Evidence},
    item::Item,
    limits, metered,
    source::Source,
    write::Write,
};

/// How often a commit is sent while others are in its way; the waits in between come to at most 2.6 s.
const ATTEMPTS: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(25);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How long an unknown outcome is asked about at least. DynamoDB needs more than 5 s to end a transaction
/// that its coordinator left behind ("Amazon DynamoDB API Reference, TransactWriteItems").
const RECOVERY: Duration = Duration::from_secs(8);
/// How old a token may be when it is sent again. DynamoDB forgets it after ten minutes (same source) and
/// would apply the writes anew; a minute is left for the request to arrive. A process is that late when it
/// was frozen between two attempts: Lambda freezes functions, and a laptop that is closed freezes everything.
const TOKEN_AGE: Duration = Duration::from_secs(9 * 60);

/// What can be in the way of a commit, in words for an error message.
const CONFLICTS: &str = "conflicts";
const THROTTLING: &str = "throttling";
const UNREACHABLE: &str = "no connection or credentials that had expired";
const UNKNOWN: &str = "an unknown outcome";

/// Writes that take effect together.
///
/// `E` is your own error type; an action added with `or(error)` returns that error when its condition fails.
///
/// ```
/// use unit_of_work::{Check, CommitError, Condition, Delete, MemoryDatabase, Table, Update, UnitOfWork};
/// # use uuid::Uuid;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (accounts, locks) = (Table::new("accounts", "PK"), Table::new("locks", "PK"));
/// let mut work = UnitOfWork::new(Uuid::new_v4());
/// work.add(Update::new(&accounts, accounts.key("ada", None)).add("Cents", 300))
///     .add(Delete::new(&locks, locks.key("ada", None)).when(Condition::exists("PK")).or("not locked"))
///     .add(Check::new(&accounts, accounts.key("bank", None), Condition::exists("PK")).or("no such bank"));
/// let refused = work.commit(&MemoryDatabase::new()).await;
/// assert!(matches!(refused, Err(CommitError::Rejected("not locked")))); // and nothing was written
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping a unit of work writes nothing; call `commit`"]
pub struct UnitOfWork<E> {
    token: Uuid,
    actions: Vec<Action<E>>,
}

impl<E> UnitOfWork<E> {
    /// An empty unit of work.
    ///
    /// `token` becomes the client request token, by which DynamoDB recognises a repeated request: it must be
    /// new for each unit of work. It also seeds the jitter, so that runs with injected ids are the same each
    /// time.
    pub fn new(token: Uuid) -> Self {
        Self { token, actions: Vec::new() }
    }

    /// Adds an action. The order matters in one way: when several conditions fail, the first one's error is
    /// returned.
    pub fn add(&mut self, action: impl Into<Action<E>>) -> &mut Self {
        self.actions.push(action.into());
        self
    }

    /// How many actions it holds.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Applies all actions or none. An empty unit of work succeeds without a call.
    ///
    /// Attempts, pauses and recovery end with the current [`Deadline`], if there is one.
    ///
    /// # Errors
    ///
    /// See [`CommitError`]; after all but [`CommitError::UnknownOutcome`] nothing was written.
    pub async fn commit(self, database: &impl Database) -> Result<(), CommitError<E>> {
        if self.actions.is_empty() {
            return Ok(());
        }
        let mut otherwise = Vec::with_capacity(self.actions.len());
        let mut writes = Vec::with_capacity(self.actions.len());
        for action in self.actions {
            otherwise.push(action.otherwise);
            writes.push(action.write);
        }
        limits::check(&writes, database.limits())?;
        let backoff = Backoff::new(self.token, ATTEMPTS, FIRST_WAIT, LONGEST_WAIT);
        let begun = Instant::now();
        let ended = send_until_decided(database, self.token, &writes, backoff).await;
        if ended.is_ok() {
            tracing::debug!(actions = writes.len(), "unit_of_work_committed");
        }
        metered::ended(ended.as_ref().err().map_or("committed", End::name), begun);
        ended.map_err(|end| end.into_error(otherwise))
    }
}

/// Why sending stopped without a commit.
enum End {
    Condition(usize, Option<Item>),
    Contention { what: &'static str, attempts: u32 },
    Unknown { attempts: u32, source: Source },
    Refused(Source),
}

impl End {
    fn after(attempts: u32, blocked_by: &'static str, unknown: Option<Source>) -> Self {
        match unknown {
            Some(source) => Self::Unknown { attempts, source },
            None => Self::Contention { what: blocked_by, attempts },
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Condition(..) => "condition",
            Self::Contention { .. } => "contention",
            Self::Unknown { .. } => "unknown",
            Self::Refused(_) => "refused",
        }
    }

    fn into_error<E>(self, mut otherwise: Vec<Otherwise<E>>) -> CommitError<E> {
        match self {
            Self::Condition(action, found) => {
                match otherwise.get_mut(action).map(std::mem::take).unwrap_or_default() {
                    Otherwise::Error(error) => CommitError::Rejected(error),
                    Otherwise::Found(error) => CommitError::Rejected(error(found)),
                    Otherwise::Position => CommitError::ConditionFailed { action },
                }
            }
            Self::Contention { what, attempts } => CommitError::Contention { what, attempts },
            Self::Unknown { attempts, source } => CommitError::UnknownOutcome { attempts, source },
            Self::Refused(source) => CommitError::Refused(source),
        }
    }
}

// ANCHOR: send_until_decided
/// Once an outcome was unknown, a later failure to get through leaves it unknown: the first try may have been
/// applied. Only an answer about the transaction itself decides: DynamoDB cancels no transaction that it has
/// applied under the same token.
async fn send_until_decided(
    database: &impl Database,
    token: Uuid,
    writes: &[Write],
    backoff: Backoff,
) -> Result<(), End> {
    if Deadline::current().is_some_and(Deadline::is_over) {
        return Err(End::Contention { what: "the end of its time", attempts: 0 });
    }
    let started = Instant::now();
    let mut unknown = None;
    let mut attempts = 1;
    loop {
        let blocked_by = match database.transact(token, writes).await {
            Ok(()) => return Ok(()),
            Err(TransactFailure::Cancelled(reasons)) => match meaning(reasons) {
                Cancelled::Condition(action, found) => return Err(End::Condition(action, found)),
                Cancelled::Refused(reason) => return Err(End::Refused(reason.into())),
                Cancelled::Again(what) => what,
            },
            Err(TransactFailure::Throttled) => THROTTLING,
            Err(TransactFailure::Passes(_)) => UNREACHABLE,
            Err(TransactFailure::Refused(source)) if unknown.is_none() => return Err(End::Refused(source)),
            Err(TransactFailure::Refused(source)) => return Err(End::Unknown { attempts, source }),
            Err(TransactFailure::Unknown(source)) => {
                unknown = Some(source);
                metered::unknown();
                UNKNOWN
            }
        };
        if blocked_by != UNKNOWN {
            metered::blocked(cause(blocked_by));
        }
        let delay = match backoff.delay_after(attempts) {
            Some(delay) => delay,
            None if unknown.is_some() && started.elapsed() < RECOVERY => LONGEST_WAIT,
            None => return Err(End::after(attempts, blocked_by, unknown)),
        };
        tracing::debug!(attempts, blocked_by, "unit_of_work_commit_tried_again");
        if waiting::pause(delay).await.is_err() {
            return Err(End::after(attempts, blocked_by, unknown));
        }
        if let Some(source) = unknown.take_if(|_| started.elapsed() > TOKEN_AGE) {
            return find_out(database, writes, attempts, source).await;
        }
        attempts += 1;
    }
}
// ANCHOR_END: send_until_decided

/// DynamoDB no longer knows the token of an attempt whose outcome is unknown. What the attempt would have
/// inserted tells.
async fn find_out(
    database: &impl Database,
    writes: &[Write],
    attempts: u32,
    source: Source,
) -> Result<(), End> {
    let evidence = evidence::look(database, writes).await;
    tracing::warn!(?evidence, "unit_of_work_token_too_old");
    match evidence {
        Ok(Evidence::TookEffect) => Ok(()),
        Ok(Evidence::DidNot) => Err(End::Contention { what: "no answer", attempts }),
        Ok(Evidence::None) | Err(_) => Err(End::Unknown { attempts, source }),
    }
}

/// The same in one word, for a label.
fn cause(blocked_by: &str) -> &'static str {
    match blocked_by {
        CONFLICTS => "conflict",
        THROTTLING => "throttled",
        _ => "unreachable",
    }
}

/// What a cancelled transaction means for the unit of work.
#[derive(Debug, PartialEq)]
enum Cancelled {
    Condition(usize, Option<Item>),
    Refused(String),
    Again(&'static str),
}

// ANCHOR: verdict
/// Judges the whole list. A failed condition outranks a conflict beside it: it was evaluated, and it is what
/// the caller asked to know.
fn meaning(mut reasons: Vec<CancellationReason>) -> Cancelled {
    let failed = reasons.iter_mut().enumerate().find_map(|(action, reason)| match reason {
        CancellationReason::ConditionFailed(found) => Some((action, found.take())),
        _ => None,
    });
    if let Some((action, found)) = failed {
        return Cancelled::Condition(action, found);
    }
    let refused = reasons.iter().enumerate().find_map(|(action, reason)| match reason {
        CancellationReason::Other(what) => Some(format!("action {action}: {what}")),
        _ => None,
    });
    match refused {
        Some(reason) => Cancelled::Refused(reason),
        None if reasons.contains(&CancellationReason::Throttled) => Cancelled::Again(THROTTLING),
        None => Cancelled::Again(CONFLICTS),
    }
}
// ANCHOR_END: verdict

#[cfg(test)]
mod tests {
    use super::{CancellationReason as Reason, *};

    #[test]
    fn the_first_failed_condition_outranks_everything() {
        let reasons = [
            Reason::Conflict,
            Reason::ConditionFailed(None),
            Reason::Other("x".to_owned()),
            Reason::ConditionFailed(None),
        ];
        assert_eq!(meaning(reasons.into()), Cancelled::Condition(1, None));
    }

    #[test]
    fn a_refusal_outranks_what_a_retry_could_cure() {
        let reasons = [Reason::Conflict, Reason::Other("ValidationError".to_owned())];
        assert_eq!(meaning(reasons.into()), Cancelled::Refused("action 1: ValidationError".to_owned()));
    }

    #[test]
    fn conflicts_and_throttling_are_tried_again() {
        assert_eq!(meaning(vec![Reason::None, Reason::Conflict]), Cancelled::Again("conflicts"));
        assert_eq!(meaning(vec![Reason::Throttled, Reason::Conflict]), Cancelled::Again("throttling"));
    }
}
