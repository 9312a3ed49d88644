//! The soak under kills: the system as six processes under load, of which one is killed every second and
//! started again. When the load is over and everything has come to rest, the stored state and the queues are
//! audited.

mod audit;
mod books;
mod load;
mod programs;

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    broker::Broker,
    hosts::{Aws, Host as _, Process, Processes, Relays},
};
use anyhow::{Context as _, bail};
use futures::future::try_join_all;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use load::Load;

pub use audit::Report;

/// Runs the soak and says what came of it.
///
/// # Errors
///
/// When the system cannot be built or started, or an answer is one that no kill explains.
pub async fn soak(time: Duration) -> anyhow::Result<Report> {
    programs::ensure_built()?;
    let logs = logs()?;
    let mut processes = Processes::start(&logs, Aws::Local, Relays::Tail).await?;
    let addresses = processes.addresses();
    let broker = Broker::connect(&addresses.sdk).await?;
    let (heard, letters) = (broker.probe().await?, broker.dead_letters().await?);

    let stop = CancellationToken::new();
    let load = Arc::new(Load::new(&addresses, stop.clone())?);
    let placing = tokio::spawn(Arc::clone(&load).run());
    let kills = kill_every_second(&mut processes, Instant::now() + time).await?;
    stop.cancel();
    placing.await.context("the load panicked")??;

    let aftermath = audit::Aftermath { addresses, broker, heard, letters, load, kills, logs };
    let report = aftermath.judge().await?;
    // The parts are stopped as crashes would stop them, when they are dropped: all that matters is stored.
    drop(processes);
    Ok(report)
}

/// Each of the four in its turn, every four seconds. A start that takes longer than that, on a machine that
/// is busy, keeps the others' turns as they are, so that several may be away at the same time.
async fn kill_every_second(processes: &mut Processes, end: Instant) -> anyhow::Result<usize> {
    let Processes { customers, orders, relays, .. } = processes;
    let [of_customers, of_orders] = relays.as_mut_slice() else { bail!("there are {} relays", relays.len()) };
    let victims = [customers, of_orders, orders, of_customers];
    let turns = victims.into_iter().zip(1..).map(|(victim, turn)| kill_again_and_again(victim, turn, end));
    Ok(try_join_all(turns).await?.into_iter().sum())
}

async fn kill_again_and_again(victim: &mut Process, turn: u64, end: Instant) -> anyhow::Result<usize> {
    let mut kills = 0;
    let mut turns = interval_at(Instant::now() + Duration::from_secs(turn), Duration::from_secs(4));
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while turns.tick().await < end {
        victim.kill();
        victim.start().await?;
        kills += 1;
    }
    Ok(kills)
}

fn logs() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("this program runs from an unknown place")?;
    Ok(folder.join("kill-soak"))
}
