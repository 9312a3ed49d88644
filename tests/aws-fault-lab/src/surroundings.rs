//! What surrounds the components of a run, whatever the program: its AWS, the session, and time, ids and
//! chance for each of them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use aws_types::SdkConfig;
use local_aws::InMemoryAws;
use time::OffsetDateTime;

use crate::ambient::Ambient;
use crate::connector::{self, Faulty, Sabotage};
use crate::raw::Raw;
use crate::session::Session;

/// What surrounds the components of a run: its AWS, what happens in it, and time, ids and chance for each
/// component.
pub struct Surroundings {
    /// The AWS of the run, never broken.
    pub aws: InMemoryAws,
    /// A look at it, or a hand in it.
    pub raw: Raw,
    /// What happens in the run.
    pub session: Session,
    sabotage: Option<Sabotage>,
    ids: Arc<AtomicU64>,
    sends_twice: bool,
}

impl Surroundings {
    /// Those of a new run.
    pub fn new(aws: InMemoryAws, session: Session, sabotage: Option<Sabotage>) -> Self {
        Self { raw: Raw(aws.clone()), aws, session, sabotage, ids: Arc::default(), sends_twice: false }
    }

    /// With [`Fault::DuplicateDelivery`](crate::Fault::DuplicateDelivery) what is sent to a queue directly
    /// comes twice, too, and not only what is published to a topic.
    #[must_use]
    pub fn with_what_is_sent_twice(self) -> Self {
        Self { sends_twice: true, ..self }
    }

    /// Settings for whoever stands outside of the program: a client's, or the judge's. Never broken, and not
    /// counted.
    pub fn outside(&self) -> SdkConfig {
        let client = connector::outside(&self.aws, &self.session);
        self.aws.sdk_config().into_builder().http_client(client).build()
    }

    /// Those of one component.
    pub fn of(&self, component: &Arc<str>) -> Ambient {
        let connector = Faulty {
            aws: self.aws.clone(),
            session: self.session.clone(),
            component: component.clone(),
            sabotage: self.sabotage,
            sends_twice: self.sends_twice,
        };
        let aws = self.aws.sdk_config().into_builder().http_client(connector.client()).build();
        let clock = self.aws.clock();
        let seed = component
            .bytes()
            .fold(self.session.plan().seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Ambient::counted(aws, move || OffsetDateTime::from(clock.now()), self.ids.clone(), seed)
    }
}
