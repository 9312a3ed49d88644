//! What becomes of a call: when it is answered, and which fault of the plan strikes it.

use std::{sync::Arc, time::Duration};

use super::{Session, State};
use crate::{
    call::{Call, Description, Outcome, TRANSACTION},
    fault::Fault,
    plan::{Site, half_visible_at},
    spell::Spell,
};

/// Latency of a call, in milliseconds: at least, and how much more at most.
const LATENCY_MS: (u64, u64) = (2, 10);
/// The same when consumers are slow; the visibility timeout is then two seconds.
const SLOW_LATENCY_MS: (u64, u64) = (100, 800);

/// What is to be done with a call.
pub(crate) struct Decision {
    pub(crate) index: usize,
    pub(crate) latency: Duration,
    pub(crate) fault: Option<Fault>,
    /// The sequence in which a transaction becomes visible that [`Fault::HalfVisible`] strikes.
    pub(crate) sequence: usize,
}

impl Session {
    /// Notes a call and decides what becomes of it.
    pub(crate) fn begin(&self, component: &Arc<str>, call: &Description) -> Decision {
        let mut state = self.lock();
        let index = state.calls.len();
        let sequence = self.half_visible(&mut state, call);
        let half_visible = sequence.map(|_| Fault::HalfVisible);
        let fault = self.decide(&mut state, index, component, call);
        let fault = fault.filter(|fault| !self.only_what_fits || call.can_meet(*fault)).or(half_visible);
        let site = Site::of(component, call);
        let messages = call.messages.iter().map(|(_, kind)| kind.clone()).collect();
        let (at, outcome) = (self.now(), Outcome::Unanswered);
        let (service, about) = (call.service, Vec::new());
        state.calls.push(Call { index, at, service, site, messages, about, fault, outcome });
        let received = call.receipts.iter().filter_map(|receipt| state.received.get(receipt)).flatten();
        let ids = received.chain(&call.ids).cloned().collect();
        state.ids.push(ids);
        let (latency, sequence) = (self.latency(index, component, call), sequence.unwrap_or_default());
        Decision { index, latency, fault, sequence }
    }

    fn decide(
        &self,
        state: &mut State,
        index: usize,
        component: &Arc<str>,
        call: &Description,
    ) -> Option<Fault> {
        match self.plan.at_call(index).or_else(|| self.at_site(state, component, call)) {
            Some(fault) if fault.lasts() => {
                state.spells.push(Spell::begin(fault, component, call));
            }
            Some(Fault::RefusedMessage) => {
                state.refused_messages.extend(call.messages.first().map(|(id, _)| id.clone()));
            }
            Some(fault) => return Some(fault),
            None => {}
        }
        let spell = state.spells.iter().find(|spell| spell.strikes(component, call)).map(|spell| spell.fault);
        let is_refused = |(id, _): &(String, String)| state.refused_messages.contains(id);
        spell.or_else(|| call.messages.iter().any(is_refused).then_some(Fault::RefusedMessage))
    }

    /// Counts transactions, and says in which sequence this one becomes visible if the plan strikes it.
    fn half_visible(&self, state: &mut State, call: &Description) -> Option<usize> {
        if call.operation != TRANSACTION {
            return None;
        }
        let number = state.transactions;
        state.transactions += 1;
        let mut places = self.plan.at(Fault::HalfVisible).map(half_visible_at);
        places.find(|(transaction, _)| *transaction == number).map(|(_, sequence)| sequence)
    }

    /// The plan's fault at a site, the first time that a call is made there.
    fn at_site(&self, state: &mut State, component: &Arc<str>, call: &Description) -> Option<Fault> {
        let (fault, site) = self.plan.at_site.as_deref()?;
        let first = !state.site_struck && Site::of(component, call).of_first_copy() == *site;
        state.site_struck |= first;
        first.then_some(*fault)
    }

    /// The messages of this call that SNS refuses.
    pub(crate) fn is_refused(&self, message_id: &str) -> bool {
        self.lock().refused_messages.iter().any(|refused| refused == message_id)
    }

    /// From the seed and the index alone, so that a fault changes nothing before it strikes.
    fn latency(&self, index: usize, component: &str, call: &Description) -> Duration {
        let is_work = !call.is_poll() && self.consumers.iter().any(|name| component.starts_with(&**name));
        let slow = self.plan.has(Fault::ConcurrentConsumers) && is_work;
        let (least, more) = if slow { SLOW_LATENCY_MS } else { LATENCY_MS };
        let seed = self.plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(index as u64);
        Duration::from_millis(least + fastrand::Rng::with_seed(seed).u64(0..=more))
    }
}
