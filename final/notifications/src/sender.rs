//! Leads mails to their end: *wanted*, *sending*, *sent*, each stored before the next step is taken.
//!
//! Several senders may run at once, in several processes: who stores *sending* has the mail. A mail that
//! stays *sending* for longer than [`CLAIM`] was left by a sender that died, or that could not store what
//! became of it. Whether the provider has it, nobody can say; see [`InDoubt`].

mod doubt;
mod trouble;
mod watch;

pub use doubt::Verdict;
pub use trouble::Trouble;
pub use watch::watch;

use std::{convert::Infallible, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tracing::Instrument as _;
use transactional_messaging::{ambient::Ambient, consumer::SPAN_TARGET};
use unit_of_work::{Backoff, CommitError, DynamoDb, Item, LoadError, UnitOfWork, retry_lost_races};
use waiting::{Deadline, in_time};

use crate::{
    domain::{Letter, Mail, MailId, State, Trigger, transition},
    provider::{Provider, SendError},
    settings::InDoubt,
    store::{DUE_INDEX, Reach, Store},
};

/// How long a provider may take.
pub const CALL_WITHIN: Duration = Duration::from_secs(10);

/// How long one mail may take in all: reads, the call, and writes before and after it.
pub const WHOLE_MAIL: Duration = Duration::from_secs(18);

/// How long a sender has a mail for itself. It is much longer than it works on one, so that the clocks of two
/// senders may differ by minutes.
pub const CLAIM: Duration = Duration::from_secs(5 * 60);

/// The pauses of a mail that nobody can send yet: they double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// How often a mail is sent in doubt before a person is asked after all: a provider that takes every mail and
/// answers none would send it again and again.
pub const MOST_DOUBTS: u32 = 3;

/// Sends the mails of one table.
#[derive(Clone, Debug)]
pub struct Sender {
    store: Store<DynamoDb>,
    provider: Arc<dyn Provider>,
    from: String,
    in_doubt: InDoubt,
    ambient: Ambient,
}

impl Sender {
    /// A sender of the mails in this store.
    pub fn new(
        store: Store<DynamoDb>,
        provider: Arc<dyn Provider>,
        from: String,
        in_doubt: InDoubt,
        ambient: Ambient,
    ) -> Self {
        Self { store, provider, from, in_doubt, ambient }
    }

    /// Looks at every mail that is due, and returns how many there were. A damaged one is told of and passed
    /// over. `go_on` is asked before each: what it forbids is found by the next look.
    ///
    /// # Errors
    ///
    /// [`Trouble`], the first: a later call goes on.
    pub async fn send_due(&self, go_on: impl Fn() -> bool) -> Result<u64, Trouble> {
        let go_on = &go_on;
        let each = |key: Item| async move { if go_on() { self.attend_to(&key).await } else { Ok(()) } };
        DUE_INDEX.each_due(self.store.database(), self.store.table(), self.ambient.now(), each).await
    }

    async fn attend_to(&self, key: &Item) -> Result<(), Trouble> {
        match self.store.mail_at(key.clone()).await {
            Ok(Some(mail)) => self.attend(mail).await,
            Ok(None) => Ok(()),
            Err(error @ (LoadError::Damaged(_) | LoadError::RuleBroken(_))) => {
                tracing::error!(?key, error = &error as &dyn std::error::Error, "mail_cannot_be_read");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Looks at one mail, if it is there and due.
    ///
    /// # Errors
    ///
    /// [`Trouble`].
    pub async fn look_at(&self, id: MailId) -> Result<(), Trouble> {
        match self.store.mail(id).await? {
            Some(mail) => self.attend(mail).await,
            None => Ok(()),
        }
    }

    /// The index follows the table by a moment, so the mail itself says whether there is something to do.
    async fn attend(&self, mail: Mail) -> Result<(), Trouble> {
        let now = self.ambient.now();
        if !mail.is_due(now) {
            return Ok(());
        }
        let span = tracing::error_span!(
            target: SPAN_TARGET, "mail", correlation_id = %mail.correlation_id,
            order_id = %mail.id.order, decision = mail.id.decision.name(),
        );
        let work = async {
            match mail.state {
                State::Wanted => self.deliver(&mail, now).await,
                State::Sending => self.decide_in_doubt(&mail, "its sender was never heard of again").await,
                State::Sent | State::Refused | State::NoAddress | State::InDoubt => Ok(()),
            }
        };
        Deadline::after(WHOLE_MAIL).scope(Box::pin(work.instrument(span))).await
    }

    // ANCHOR: deliver
    async fn deliver(&self, mail: &Mail, now: OffsetDateTime) -> Result<(), Trouble> {
        let address = match self.store.reach(mail.customer).await? {
            Reach::At(address) => address,
            Reach::Unknown => return self.wait_for_address(mail, now).await,
            Reach::NoAddress => {
                if self.change(mail, Trigger::HasNoAddress, None).await?.is_some() {
                    tracing::info!("mail_without_address");
                }
                return Ok(());
            }
        };
        // From here to the answer lies the window that nobody can close. What is stored says that it is open.
        let Some(claimed) = self.change(mail, Trigger::Claimed, Some(CLAIM)).await? else { return Ok(()) };
        let letter = Letter::about(mail.id, self.from.clone(), address);
        let sent = Deadline::after(CALL_WITHIN).scope(in_time(self.provider.send(&letter))).await;
        match sent.unwrap_or_else(|late| Err(SendError::Unknown(late.into()))) {
            Ok(()) => self.record_taken(mail.id).await,
            Err(SendError::Refused { reason }) => {
                tracing::error!(reason, "mail_refused");
                self.change(&claimed, Trigger::RefusedForGood, None).await.map(drop)
            }
            Err(SendError::NotTaken(error)) => {
                let pause = pause_after(&claimed);
                tracing::warn!(
                    error = &*error as &dyn std::error::Error,
                    pause_s = pause.as_secs(),
                    "mail_not_taken"
                );
                self.change(&claimed, Trigger::NotTaken, Some(pause)).await.map(drop)
            }
            Err(SendError::Unknown(error)) => {
                tracing::warn!(error = &*error as &dyn std::error::Error, "mail_not_answered");
                self.decide_in_doubt(&claimed, "its provider did not answer").await
            }
        }
    }
    // ANCHOR_END: deliver

    /// The provider has it, and whoever believes something else is wrong: also somebody who has decided on it
    /// in doubt.
    async fn record_taken(&self, id: MailId) -> Result<(), Trouble> {
        let backoff = Backoff::new(self.ambient.id(), 8, Duration::from_millis(20), Duration::from_secs(1));
        retry_lost_races(backoff, || async {
            let Some(mail) = self.store.mail(id).await? else { return Ok(()) };
            if mail.state == State::Sent {
                tracing::warn!("mail_sent_twice");
                return Ok(());
            }
            match self.change(&mail, Trigger::Taken, None).await? {
                Some(_) => {
                    tracing::info!("mail_sent");
                    Ok(())
                }
                None => Err(Trouble::Contended),
            }
        })
        .await
    }

    /// Its customer was never heard of: the event is late, or from before this service was there.
    async fn wait_for_address(&self, mail: &Mail, now: OffsetDateTime) -> Result<(), Trouble> {
        let pause = pause_after(mail);
        let waiting = Mail { tries: mail.tries + 1, ..mail.becomes(State::Wanted, now, Some(pause)) };
        if self.store_over(waiting).await?.is_some() && (mail.tries + 1).is_power_of_two() {
            let waited_s = (now - mail.wanted_at).whole_seconds();
            tracing::warn!(customer_id = %mail.customer, waited_s, "mail_waits_for_address");
        }
        Ok(())
    }

    /// The mail after this trigger, once it is stored; none when somebody else has changed it, or it means
    /// nothing to the mail.
    async fn change(
        &self,
        mail: &Mail,
        trigger: Trigger,
        look_after: Option<Duration>,
    ) -> Result<Option<Mail>, Trouble> {
        let Some(state) = transition(mail.state, trigger) else { return Ok(None) };
        let changed = mail.becomes(state, self.ambient.now(), look_after);
        let again = matches!(trigger, Trigger::NotTaken | Trigger::DoubtSends);
        let doubts = mail.doubts + u32::from(trigger == Trigger::DoubtSends);
        self.store_over(Mail { tries: mail.tries + u32::from(again), doubts, ..changed }).await
    }

    async fn store_over(&self, changed: Mail) -> Result<Option<Mail>, Trouble> {
        let mut work: UnitOfWork<Infallible> = UnitOfWork::new(self.ambient.id());
        work.add(self.store.update(&changed)?);
        match work.commit(self.store.database()).await {
            Ok(()) => Ok(Some(changed)),
            Err(CommitError::ConditionFailed { .. }) => Ok(None),
            Err(error) => Err(Trouble::Commit(error)),
        }
    }
}

/// How long a mail rests after it could not be sent.
fn pause_after(mail: &Mail) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << mail.tries.min(10)).min(LONGEST_PAUSE)
}
