//! The live page of the whole system: its parts, its endpoints, and the one thing only this program can do.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use anyhow::Context as _;
use aws_types::SdkConfig;
use futures::future::{BoxFuture, FutureExt as _};
use live_page::{Controls, Host, Page, Reply, Stage};
use outbox_relay::RelaySettings;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use transactional_messaging::{ambient::Ambient, message::Subject};

use crate::system::{System, environment};

const PROMISE: &str = "No crash does damage here.";

/// Serves the page on this port of 127.0.0.1, and tells where.
pub(crate) async fn serve(system: &System, port: u16) -> anyhow::Result<(JoinHandle<()>, String)> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = bound
        .with_context(|| format!("port {port} of the page is taken; choose another with --page-port"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let controls: Option<Arc<dyn Controls>> = match system.embedded {
        Some(_) => Some(Arc::new(stage(system).await?)),
        // Of an AWS that others may use, too, it only looks.
        None => None,
    };
    let page = Page::new(("shop", PROMISE), &system.sdk, system.hub.clone(), controls);
    let router = page.router();
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "page_failed");
        }
    });
    Ok((serving, url))
}

async fn stage(system: &System) -> anyhow::Result<Stage> {
    let host = Services {
        http: reqwest::Client::new(),
        urls: system.urls.clone(),
        endpoint: system.endpoint.clone(),
        sdk: system.sdk.clone(),
    };
    let aws = (&system.sdk, system.hub.clone());
    let stage = Stage::new(Arc::new(host), system.parts.clone(), system.outage.clone(), aws).await;
    stage.map_err(|error| anyhow::anyhow!(error)).context("the embedded aws does not say what there is")
}

struct Services {
    http: reqwest::Client,
    urls: BTreeMap<&'static str, String>,
    endpoint: String,
    sdk: SdkConfig,
}

impl Host for Services {
    fn ask<'a>(&'a self, path: &'a str, body: Option<Value>) -> BoxFuture<'a, Reply> {
        let service = if path.starts_with("/customer") { "customers" } else { "orders" };
        let url = format!("{}{path}", self.urls.get(service).map_or("", String::as_str));
        async move {
            let request = match body {
                Some(body) => self.http.post(url).json(&body),
                None => self.http.get(url),
            };
            let answer = request.send().await.map_err(|error| format!("there was no answer: {error}"))?;
            let status = answer.status().as_u16();
            Ok((status, answer.json().await.unwrap_or_default()))
        }
        .boxed()
    }

    fn unpark<'a>(&'a self, table: &'a str, partition: &'a str) -> Option<BoxFuture<'a, Result<(), String>>> {
        let service = table.strip_suffix("-outbox")?;
        let subject = Subject::named(partition.strip_prefix("SUBJECT#")?);
        let settings = RelaySettings::read(environment(service, &self.endpoint, &[])).ok()?;
        let relay = outbox_relay::relay(&self.sdk, &settings, Ambient::system());
        let unpark = async move { relay.unpark(&subject).await.map(drop).map_err(|error| error.to_string()) };
        Some(unpark.boxed())
    }
}
