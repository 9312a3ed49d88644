//! The laboratory's time and ids in the form in which `final/` takes them.

use std::sync::Arc;

use fault_engine::Ambient as Lab;
use time::OffsetDateTime;
use transactional_messaging::ambient::{Ambient, Clock, Ids};
use uuid::Uuid;

/// One for each component, as each process has its own.
pub(crate) fn shared(lab: &Lab) -> Ambient {
    let lab = Arc::new(FromLab(lab.clone()));
    Ambient::new(lab.clone(), lab)
}

#[derive(Debug)]
struct FromLab(Lab);

impl Clock for FromLab {
    fn now(&self) -> OffsetDateTime {
        self.0.now()
    }
}

impl Ids for FromLab {
    fn next(&self) -> Uuid {
        self.0.id()
    }
}
