//! A program as an operating-system process of its own. It never outlives the interest of this process in it.

use std::{
    fs::File,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

/// How long a start or an end may take on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(45);

/// Runs a program that may start others, in a group of its own, and ends the whole group as soon as standard
/// input closes: that is when this process lets go of it, be it that this process is itself killed.
const GUARD: &str = r#"("$@"; kill -s KILL 0) & read -r _; kill -s KILL 0"#;

/// A program that can be started, ended and started again.
#[derive(Debug)]
pub struct Process {
    name: String,
    command: Vec<String>,
    variables: Vec<(String, String)>,
    health: Option<String>,
    guarded: bool,
    log: PathBuf,
    child: Option<Child>,
}

impl Process {
    /// A program with its arguments and its whole environment, not started yet. Its output goes to a file in
    /// `logs`.
    pub fn new(
        name: &str,
        program: &Path,
        arguments: &[&str],
        variables: Vec<(String, String)>,
        logs: &Path,
    ) -> Self {
        let mut command = vec![program.to_string_lossy().into_owned()];
        command.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let log = logs.join(format!("{name}.log"));
        Self { name: name.to_owned(), command, variables, health: None, guarded: false, log, child: None }
    }

    /// It has started when this address answers. Otherwise it has started at once.
    #[must_use]
    pub fn healthy_at(mut self, url: impl Into<String>) -> Self {
        self.health = Some(url.into());
        self
    }

    /// It starts programs of its own, which must end with it.
    #[must_use]
    pub fn guarded(mut self) -> Self {
        self.guarded = true;
        self
    }

    /// Starts it, and waits until it is healthy.
    ///
    /// # Errors
    ///
    /// When it ends or does not answer; the end of its log is in the error.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(if self.guarded { "sh" } else { &self.command[0] });
        if self.guarded {
            command.args(["-c", GUARD, "guard"]).args(&self.command).process_group(0).stdin(Stdio::piped());
        } else {
            command.args(&self.command[1..]).stdin(Stdio::null());
        }
        command.env_clear().envs(self.variables.iter().cloned());
        let child = command.stdout(log.try_clone()?).stderr(log).spawn();
        self.child = Some(child.with_context(|| format!("{} cannot be started", self.command[0]))?);
        let deadline = Instant::now() + PATIENCE;
        while let Some(health) = self.health.clone() {
            if let Some(status) = self.ended()? {
                bail!("{} ended at once with {status}:\n{}", self.name, self.last_words());
            }
            match reqwest::get(&health).await.and_then(reqwest::Response::error_for_status) {
                Ok(_) => break,
                Err(_) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(25)).await,
                Err(error) => bail!("{} does not answer: {error}:\n{}", self.name, self.last_words()),
            }
        }
        Ok(())
    }

    /// Asks it to end with SIGTERM, and waits until it has; it must have succeeded. A guarded one is killed.
    ///
    /// # Errors
    ///
    /// When it ended before, does not end, or fails.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        if self.guarded {
            self.kill();
            return Ok(());
        }
        ensure!(self.ended()?.is_none(), "{} ended by itself:\n{}", self.name, self.last_words());
        let child = self.child.as_ref().with_context(|| format!("{} was not started", self.name))?;
        kill_process(Pid::from_child(child), Signal::TERM)?;
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.ended()? {
                Some(status) => break status,
                None if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(25)).await,
                None => bail!("{} did not end on SIGTERM:\n{}", self.name, self.last_words()),
            }
        };
        self.child = None;
        ensure!(status.success(), "{} ended with {status}:\n{}", self.name, self.last_words());
        Ok(())
    }

    /// Ends it at once with SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // Closing the input of the guard ends its group, and the guard with it.
        drop(child.stdin.take());
        if !self.guarded {
            child.kill().ok();
        }
        child.wait().ok();
    }

    fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let child = self.child.as_mut().with_context(|| format!("{} was not started", self.name))?;
        Ok(child.try_wait()?)
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
