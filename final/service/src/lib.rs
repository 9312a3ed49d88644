//! The composition root of a service: what it consumes and publishes, what it answers and what it is told
//! become one thing that runs and stops. It is the one crate that knows both `service-kit` and
//! `transactional-messaging`.
//!
//! | module | what lives there |
//! |---|---|
//! | [`settings`] | what a service is told about its messages and its tables |
//! | [`running`] | how a service starts and stops |
//! | [`answering`] | HTTP, with readiness; only with the feature `http` |
//! | [`contract`] | what it promises to others, as documents; only with the feature `http` |
//! | [`tables`] | what a service needs of AWS |
//! | [`telemetry`] | metrics, and with the feature `otel` traces |
//!
//! A service that only consumes, in full:
//!
//! ```no_run
//! use service::{MessagingSettings, Service};
//! use service_kit::{BaseSettings, Environment};
//! use transactional_messaging::{
//!     ambient::Ambient, consumed,
//!     consumer::{Delivery, Handled, HandlerError, IdempotentConsumer},
//!     wiring::{Queue, Wiring},
//! };
//! use unit_of_work::DynamoDb;
//!
//! consumed! {
//!     /// An order was approved.
//!     OrderApproved on "order--approved" { order_id: u128 }
//! }
//! const APPROVED: Queue<OrderApproved> = Queue::new("counting--order-approved");
//!
//! #[derive(Clone)]
//! struct Counting {
//!     consumer: IdempotentConsumer<DynamoDb>,
//! }
//!
//! impl Counting {
//!     async fn count(self, order: Delivery<OrderApproved>) -> Result<Handled, HandlerError> {
//!         self.consumer.once(&order, async |work| Ok(work)).await
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> anyhow::Result<()> {
//!     let mut env = Environment::from_process();
//!     let (base, messaging) = (BaseSettings::read(&mut env), MessagingSettings::read(&mut env));
//!     let (base, messaging) = env.finish(|| Ok((base?, messaging?)))?;
//!     service_kit::init_logging(base.environment);
//!     let (stop, aws) = (service_kit::shutdown_token()?, service_kit::sdk_config(&base).await);
//!     let ambient = Ambient::system();
//!     let inbox = messaging.inbox()?;
//!     let consumer = IdempotentConsumer::new(inbox, service::database(&aws), ambient.clone());
//!     Service::new("counting", Wiring::new().consumes(APPROVED, Counting::count), Counting { consumer })
//!         .run(&base, &messaging, &aws, ambient, stop)
//!         .await
//! }
//! ```

#[cfg(feature = "http")]
pub mod answering;
#[cfg(feature = "http")]
pub mod contract;
pub mod running;
pub mod settings;
pub mod tables;
pub mod telemetry;

pub use running::{GRACE, Service, database};
pub use settings::{ChannelSettings, MessagingSettings, ServiceSettings};
pub use tables::{Tables, json, resources};
pub use telemetry::{Telemetry, TelemetrySettings};
