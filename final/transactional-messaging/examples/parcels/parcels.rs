//! Parcels are handed in, and released once they are paid for. Somebody else takes the payments.
//!
//! No name stands here twice, and nothing can be forgotten: an event without a topic, a handler for another
//! message than its queue carries, and a change without its event do not compile. `tests.rs` counts the
//! lines.

use aws_types::SdkConfig;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{error::BoxError, prelude::*};

published! {
    of Parcel as "parcel" { grams: u32, paid: bool };
    /// It was handed in.
    ParcelHandedIn on "parcel--handed-in" { grams: u32 }
    /// It was paid for.
    ParcelReleased on "parcel--released" {}
}
consumed! { /** Somebody paid for a parcel. */ PaymentReceived on "payment--received" { parcel_id: Uuid } }
/// Its name is also the consumer's name in the inbox.
const PAYMENTS: Queue<PaymentReceived> = Queue::new("parcels--payment-received");

/// The use cases. Cheap to clone: each message is handled by a clone of its own.
#[derive(Clone)]
pub struct Parcels {
    store: Aggregates<Parcel, DynamoDb>,
    consumer: IdempotentConsumer<DynamoDb>,
}

impl Parcels {
    /// A new parcel; the context says what set this off.
    pub async fn hand_in(&self, context: &Context, grams: u32) -> Result<Uuid, BoxError> {
        let parcel = self.store.create(Parcel { grams, paid: false });
        let id = parcel.id();
        self.store.save_alone(parcel, context, ParcelHandedIn { grams }).await?;
        Ok(id)
    }

    /// Whoever has paid gets the parcel: once, however often the message comes.
    async fn release(self, payment: Delivery<PaymentReceived>) -> Result<Handled, HandlerError> {
        let (store, payment) = (&self.store, &payment);
        let release = |mut work| async move {
            let mut parcel = store.existing(payment.message.parcel_id).await?;
            if !std::mem::replace(&mut parcel.paid, true) {
                store.save(&mut work, parcel, &payment.context(), ParcelReleased {})?;
            }
            Ok(work)
        };
        self.consumer.once(payment, release).await
    }
}

/// Makes what is missing, and takes payments until `stop` is cancelled.
pub async fn start(aws: &SdkConfig, stop: CancellationToken) -> Result<(Parcels, ConsumerGroup), BoxError> {
    let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(aws), aws_sdk_sqs::Client::new(aws));
    let messaging = Messaging::new("parcels", DynamoDb::new(dynamodb.clone()), Ambient::system());
    let wiring = Wiring::of::<Parcel>().consumes(PAYMENTS, Parcels::release);
    let needed = messaging.resources(&wiring);
    ensure_service(&dynamodb, &aws_sdk_sns::Client::new(aws), &sqs, &needed).await?;
    let parcels = Parcels { store: messaging.aggregates(), consumer: messaging.consumer() };
    let mut consumers = ConsumerGroup::new(sqs, "", ConsumerSettings::default(), stop);
    wiring.start(&mut consumers, &parcels).await?;
    Ok((parcels, consumers))
}
