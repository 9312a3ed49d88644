//! The programs of one system as processes, each of one release or the other.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use e2e::hosts::{Process, program, variables};
use local_aws::LocalAws;
use shop::SERVICES;

use crate::world::World;

/// The program of a relay.
const RELAY: &str = "outbox-relay";

/// Which release a part is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The programs of this workspace, as cargo has built them.
    Today,
    /// Those in the folder of an earlier one.
    Earlier,
}

/// A system whose parts can be ended one by one, on an embedded AWS of today.
#[derive(Debug)]
pub struct Fleet {
    /// Its AWS.
    pub world: World,
    parts: BTreeMap<String, Process>,
    urls: BTreeMap<String, String>,
    logs: PathBuf,
    aws: LocalAws,
}

impl Fleet {
    /// An AWS without programs; logs go to files in this folder.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn new(logs: &Path) -> anyhow::Result<Self> {
        drop(std::fs::remove_dir_all(logs));
        std::fs::create_dir_all(logs)?;
        let aws = LocalAws::start().await?;
        let (parts, urls) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { world: World::of(&aws.sdk_config()), parts, urls, logs: logs.to_owned(), aws })
    }

    /// Starts all services that publish, and then their relays: each of the release that `of` names.
    ///
    /// # Errors
    ///
    /// When a program is missing or does not start.
    pub async fn start(&mut self, earlier: &Path, of: impl Fn(&str) -> Release) -> anyhow::Result<()> {
        let endpoint = self.aws.endpoint_url().to_owned();
        let publishing = || SERVICES.into_iter().filter(shop::Registered::publishes);
        let path = |part: &str, name: &str| match of(part) {
            Release::Today => program(name),
            Release::Earlier => Ok(earlier.join(name)),
        };
        for service in publishing() {
            let (name, port) = (service.name, free_port()?);
            let url = format!("http://127.0.0.1:{port}");
            let mut told = variables(name, &endpoint);
            told.push(("PORT".to_owned(), port.to_string()));
            let process = Process::new(name, &path(name, name)?, &[], told, &self.logs);
            self.add(name.to_owned(), process.healthy_at(format!("{url}/{name}/health"))).await?;
            self.urls.insert(name.to_owned(), url);
        }
        for service in publishing() {
            let (part, table) = (format!("relay-of-{}", service.name), format!("{}-outbox", service.name));
            let (told, arguments) = (variables(service.name, &endpoint), ["tail", "--table", &table]);
            let process = Process::new(&part, &path("relays", RELAY)?, &arguments, told, &self.logs);
            self.add(part, process).await?;
        }
        Ok(())
    }

    async fn add(&mut self, name: String, mut process: Process) -> anyhow::Result<()> {
        process.start().await?;
        self.parts.insert(name, process);
        Ok(())
    }

    /// A part that was started.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn part(&mut self, name: &str) -> anyhow::Result<&mut Process> {
        self.parts.get_mut(name).with_context(|| format!("{name} was not started"))
    }

    /// Where a service answers.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn url(&self, service: &str) -> anyhow::Result<&str> {
        self.urls.get(service).map(String::as_str).with_context(|| format!("{service} was not started"))
    }

    /// Asks every part that still runs to end.
    ///
    /// # Errors
    ///
    /// When one does not.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for process in self.parts.values_mut() {
            process.terminate().await?;
        }
        Ok(())
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
