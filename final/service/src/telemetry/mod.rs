//! What a running program tells of itself beside its log lines: metrics, and with the feature `otel` traces.
//!
//! | module | what lives there |
//! |---|---|
//! | [`table`] | every metric, with unit, labels and meaning |
//! | [`recorder`] | counts them in memory |
//! | [`prometheus`] | as text on a port of its own |
//! | [`emf`] | as log lines that CloudWatch reads |
//! | [`documents`] | the table of the book and both dashboards |
//! | `otel` | traces, to a collector |

pub mod documents;
pub mod emf;
#[cfg(feature = "otel")]
pub mod otel;
pub mod prometheus;
pub mod recorder;
mod settings;
pub mod table;

use std::{
    future::pending,
    io::Write as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use service_kit::{Mode, logging};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use transactional_messaging::{ambient::Ambient, timestamp};

pub use self::settings::TelemetrySettings;
use self::{emf::Emitter, recorder::Recorder};

/// The telemetry of a process: its logs, its metrics and its traces.
#[derive(Debug)]
pub struct Telemetry {
    recorder: Recorder,
    listener: Option<TcpListener>,
    lines: Option<Lines>,
    ambient: Ambient,
    #[cfg(feature = "otel")]
    traces: Option<otel::Exporter>,
}

#[derive(Debug)]
struct Lines {
    emitter: Mutex<Emitter>,
    every: Duration,
}

impl Telemetry {
    /// Begins to log, to count and to trace. `service` is the name that dashboards show.
    ///
    /// # Errors
    ///
    /// When the port for metrics cannot be listened on, or the collector's address is none.
    pub async fn start(
        service: &str,
        mode: Mode,
        settings: &TelemetrySettings,
        ambient: Ambient,
    ) -> anyhow::Result<Self> {
        #[cfg(feature = "otel")]
        let traces = {
            let (exporter, layer) =
                settings.traces.as_ref().map(|told| otel::start(service, told)).transpose()?.unzip();
            logging::init_with(mode, layer);
            exporter
        };
        #[cfg(not(feature = "otel"))]
        {
            logging::init(mode);
            if settings.traces.is_some() {
                tracing::warn!(reason = "built without the feature otel", "traces_not_exported");
            }
        }
        let recorder = Recorder::default();
        let listener = match settings.metrics_address {
            Some(address) => {
                let bound = TcpListener::bind(address).await;
                let listener =
                    bound.with_context(|| format!("METRICS_ADDRESS: {address} cannot be listened on"))?;
                tracing::info!(address = %listener.local_addr()?, "metrics_served");
                Some(listener)
            }
            None => None,
        };
        let every = settings.metrics_log_every;
        let lines = every.map(|every| Lines {
            emitter: Mutex::new(Emitter::new(recorder.clone(), &settings.namespace, service)),
            every,
        });
        if (listener.is_some() || lines.is_some()) && metrics::set_global_recorder(recorder.clone()).is_err()
        {
            tracing::warn!("metrics_are_counted_elsewhere");
        }
        Ok(Self {
            recorder,
            listener,
            lines,
            ambient,
            #[cfg(feature = "otel")]
            traces,
        })
    }

    /// Does the work; meanwhile answers for metrics and writes them once a minute, and tells what is left of
    /// all at the end.
    pub async fn around<T>(mut self, work: impl Future<Output = T>) -> T {
        let (listener, recorder) = (self.listener.take(), self.recorder.clone());
        let answering = async {
            match listener {
                Some(listener) => match prometheus::serve(listener, recorder).await {},
                None => pending().await,
            }
        };
        let done = tokio::select! {
            biased;
            done = work => done,
            () = answering => pending().await,
            () = self.writing() => pending().await,
        };
        self.flush().await;
        done
    }

    async fn writing(&self) {
        let Some(lines) = &self.lines else { return pending().await };
        loop {
            tokio::time::sleep(lines.every).await;
            self.write();
        }
    }

    /// Writes and sends what has come together, within seconds: before a Lambda function answers, after which
    /// it may be frozen for good.
    pub async fn flush(&self) {
        self.write();
        #[cfg(feature = "otel")]
        if let Some(traces) = &self.traces {
            traces.flush().await;
        }
    }

    fn write(&self) {
        let Some(lines) = &self.lines else { return };
        let mut emitter = lines.emitter.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = emitter.lines(self.ambient.now()).join("\n");
        if !text.is_empty() {
            text.push('\n');
            // Nobody reads the logs any more: there is nobody to be told.
            let _written = std::io::stdout().write_all(text.as_bytes());
        }
    }
}

/// A time as log lines have it.
fn text_of(now: OffsetDateTime) -> String {
    timestamp::format(now).unwrap_or_default()
}
