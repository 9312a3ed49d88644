//! Each service as those see it who run or deploy the whole system.

use aws_types::SdkConfig;
use futures::future::{BoxFuture, FutureExt as _};
use service::{ServiceSettings, contract::Contract};
use service_kit::{BaseSettings, Environment, Reported};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{ambient::Ambient, provision::ServiceResources, wiring::Description};
use unit_of_work::DynamoDb;

/// All services. A new one is registered here, and has a file in `terraform/live/wiring`.
pub const SERVICES: [Registered; 3] = [
    Registered {
        name: "customers",
        contract: customers::contract::contract,
        wiring: || customers::wiring::wiring::<DynamoDb>().description(),
        configure: |env| {
            let settings = customers::service::settings(env)?;
            Ok(Configured {
                base: settings.base.clone(),
                resources: customers::service::resources(&settings),
                start: Box::new(|base, aws, ambient, listener, stop| {
                    let settings = ServiceSettings { base, ..settings };
                    async move { customers::service::run(&settings, &aws, ambient, listener, stop).await }
                        .boxed()
                }),
            })
        },
    },
    Registered {
        name: "orders",
        contract: orders::contract::contract,
        wiring: || orders::wiring::wiring::<DynamoDb>().description(),
        configure: |env| {
            let mut settings = orders::service::Settings::read(env)?;
            Ok(Configured {
                base: settings.service.base.clone(),
                resources: orders::service::resources(&settings.service),
                start: Box::new(|base, aws, ambient, listener, stop| {
                    settings.service.base = base;
                    async move { orders::service::run(&settings, &aws, ambient, listener, stop).await }
                        .boxed()
                }),
            })
        },
    },
    Registered {
        name: "notifications",
        contract: notifications::contract::contract,
        wiring: || notifications::wiring::wiring::<DynamoDb>().description(),
        configure: |env| {
            let mut settings = notifications::service::Settings::read(env)?;
            Ok(Configured {
                base: settings.base.clone(),
                resources: notifications::service::resources(&settings),
                start: Box::new(|base, aws, ambient, listener, stop| {
                    settings.base = base;
                    async move { notifications::service::run(&settings, &aws, ambient, listener, stop).await }
                        .boxed()
                }),
            })
        },
    },
];

/// A service of the system.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// Its name: of its program, its folder, its health paths, and in the names of its tables.
    pub name: &'static str,
    /// What it promises to others.
    pub contract: fn() -> Contract,
    /// What it publishes and consumes.
    pub wiring: fn() -> Description,
    /// Reads what it is told.
    pub configure: fn(&mut Environment) -> Result<Configured, Reported>,
}

impl Registered {
    /// Whether it publishes anything, and so has an outbox with a relay.
    pub fn publishes(&self) -> bool {
        !(self.wiring)().publishes.is_empty()
    }
}

/// A service that knows what it is told.
pub struct Configured {
    /// What every process of the system is told.
    pub base: BaseSettings,
    /// Everything it needs of AWS.
    pub resources: ServiceResources,
    start: Box<Start>,
}

type Start = dyn FnOnce(
        BaseSettings,
        SdkConfig,
        Ambient,
        TcpListener,
        CancellationToken,
    ) -> BoxFuture<'static, anyhow::Result<()>>
    + Send;

impl Configured {
    /// Runs it until `stop` is cancelled.
    pub fn run(
        self,
        aws: SdkConfig,
        ambient: Ambient,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> BoxFuture<'static, anyhow::Result<()>> {
        (self.start)(self.base, aws, ambient, listener, stop)
    }
}
