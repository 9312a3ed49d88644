//! The life of a mail, as a table.

use State::{InDoubt, NoAddress, Refused, Sending, Sent, Wanted};

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Somebody should send it; nobody has begun to.
    Wanted,
    /// A sender has it, and the provider may have it already.
    Sending,
    /// The provider has taken it.
    Sent,
    /// The provider has refused it for good: its address for instance.
    Refused,
    /// Its customer has no address.
    NoAddress,
    /// Nobody knows whether the provider has taken it, and a person should find out.
    InDoubt,
}

impl State {
    /// All states.
    pub const ALL: [Self; 6] = [Wanted, Sending, Sent, Refused, NoAddress, InDoubt];
}

/// What happens to a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// A sender begins to send it.
    Claimed,
    /// It turns out that its customer has no address.
    HasNoAddress,
    /// The provider has certainly not taken it, and may later.
    NotTaken,
    /// The provider refuses it.
    RefusedForGood,
    /// The provider has taken it. Who knows that is believed, however late it comes.
    Taken,
    /// Nobody knows whether the provider has taken it, and it is sent again: with its key, or perhaps twice.
    DoubtSends,
    /// Nobody knows whether the provider has taken it, and a person is asked.
    DoubtAsks,
    /// A person wants it to be sent again.
    SendAgain,
}

impl Trigger {
    /// All triggers.
    pub const ALL: [Self; 8] = [
        Self::Claimed,
        Self::HasNoAddress,
        Self::NotTaken,
        Self::RefusedForGood,
        Self::Taken,
        Self::DoubtSends,
        Self::DoubtAsks,
        Self::SendAgain,
    ];
}

/// The state that follows, or none where the trigger means nothing.
pub fn transition(state: State, trigger: Trigger) -> Option<State> {
    match (state, trigger) {
        (Wanted, Trigger::Claimed) => Some(Sending),
        (Wanted, Trigger::HasNoAddress) => Some(NoAddress),
        (Sending, Trigger::NotTaken | Trigger::DoubtSends) => Some(Wanted),
        (Sending, Trigger::RefusedForGood) => Some(Refused),
        (Sending, Trigger::DoubtAsks) => Some(InDoubt),
        (Wanted | Sending | InDoubt, Trigger::Taken) => Some(Sent),
        (Refused | NoAddress | InDoubt, Trigger::SendAgain) => Some(Wanted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followers(state: State) -> Vec<State> {
        Trigger::ALL.into_iter().filter_map(|trigger| transition(state, trigger)).collect()
    }

    #[test]
    fn what_is_sent_stays_sent() {
        assert_eq!(followers(Sent), []);
    }

    #[test]
    fn nobody_sends_what_is_not_stored_as_being_sent() {
        for state in State::ALL {
            let claimed = transition(state, Trigger::Claimed);
            assert_eq!(claimed.is_some(), state == Wanted, "{state:?}");
        }
        // And what a sender has leaves its hands by an answer, or by a decision in doubt.
        assert_eq!(transition(Sending, Trigger::SendAgain), None);
    }

    #[test]
    fn each_state_but_the_last_leads_to_sent() {
        for state in State::ALL {
            let (mut reached, mut open) = (vec![state], vec![state]);
            while let Some(next) = open.pop() {
                let new = followers(next).into_iter().filter(|state| !reached.contains(state));
                open.extend(new.clone().collect::<Vec<_>>());
                reached.extend(open.iter().copied());
            }
            assert!(reached.contains(&Sent), "{state:?}");
        }
    }
}
