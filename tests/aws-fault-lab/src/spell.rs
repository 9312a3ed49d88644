//! A fault that goes on for a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::call::Description;
use crate::fault::Fault;

/// How long a fault that [lasts](Fault::lasts) goes on.
const SPELL: Duration = Duration::from_secs(60);

/// A fault that goes on for a while at the calls of one component to one service.
pub(crate) struct Spell {
    pub(crate) fault: Fault,
    component: Arc<str>,
    service: &'static str,
    until: Instant,
}

impl Spell {
    /// One that begins now, with this call.
    pub(crate) fn begin(fault: Fault, component: &Arc<str>, call: &Description) -> Self {
        Self { fault, component: component.clone(), service: call.service, until: Instant::now() + SPELL }
    }

    pub(crate) fn strikes(&self, component: &Arc<str>, call: &Description) -> bool {
        let concerns = self.fault != Fault::RefusedForAWhile || call.publishes();
        concerns
            && self.component == *component
            && self.service == call.service
            && Instant::now() < self.until
    }
}
