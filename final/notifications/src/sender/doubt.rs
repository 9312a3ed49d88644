//! The one window that nobody can close: the provider was asked, and nobody knows its answer.
//!
//! What was stored before the call says that there was one; nothing that could be stored after it says how it
//! ended, because a process may end in between. So somebody must choose ([`InDoubt`]), unless the provider
//! knows the mail again by its key.

use super::{MOST_DOUBTS, Sender, Trouble, pause_after};
use crate::{
    domain::{Mail, MailId, State, Trigger, transition},
    settings::InDoubt,
};

/// What a person says of a mail that was in doubt, was refused, or had no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It shall be sent, also if that is a second time.
    SendAgain,
    /// It was found out that it has arrived.
    HasArrived,
}

impl Sender {
    /// What becomes of a mail that the provider may have or not.
    pub(super) async fn decide_in_doubt(&self, mail: &Mail, why: &'static str) -> Result<(), Trouble> {
        let pause = Some(pause_after(mail));
        if self.provider.honours_keys() {
            // The key makes one mail of two.
            if self.change(mail, Trigger::DoubtSends, pause).await?.is_some() {
                tracing::info!(why, "mail_sent_again_with_its_key");
            }
        } else if self.in_doubt == InDoubt::Send && mail.doubts < MOST_DOUBTS {
            if self.change(mail, Trigger::DoubtSends, pause).await?.is_some() {
                tracing::warn!(why, doubts = mail.doubts + 1, "mail_perhaps_twice");
            }
        } else if self.change(mail, Trigger::DoubtAsks, None).await?.is_some() {
            tracing::error!(why, mail = %mail.id, "mail_in_doubt");
        }
        Ok(())
    }

    /// Does what a person has decided about a mail: whether it did. A mail that is on its way, or was sent,
    /// stays as it is.
    ///
    /// # Errors
    ///
    /// [`Trouble`].
    pub async fn settle(&self, id: MailId, verdict: Verdict) -> Result<bool, Trouble> {
        let Some(mail) = self.store.mail(id).await? else { return Ok(false) };
        let changed = match verdict {
            Verdict::HasArrived if mail.state == State::InDoubt => {
                self.change(&mail, Trigger::Taken, None).await?
            }
            Verdict::HasArrived => None,
            Verdict::SendAgain => match transition(mail.state, Trigger::SendAgain) {
                Some(state) => {
                    let anew = mail.becomes(state, self.ambient.now(), Some(std::time::Duration::ZERO));
                    self.store_over(Mail { tries: 0, doubts: 0, ..anew }).await?
                }
                None => None,
            },
        };
        if changed.is_some() {
            tracing::info!(mail = %id, ?verdict, "mail_settled");
        }
        Ok(changed.is_some())
    }
}
