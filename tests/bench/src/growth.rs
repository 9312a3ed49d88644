//! What grows: processor time and memory of a relay that sends a million messages, and of a sweep that finds
//! a million subjects pending.

use std::{fmt::Write as _, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use measured::usage::Used;
use serde::Serialize;

use crate::{
    programs::released,
    trial::{StandIn, used},
};

/// The memory that the sweep gets, in kilobytes: what the smallest function has on which somebody would run
/// it.
const MEMORY_KB: u64 = 256 * 1024;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    /// What the relay used for each tenth of the messages.
    pub relay: Vec<Used>,
    /// What the sweep used. More memory than it may have would have ended it.
    pub sweep: Used,
}

/// Sends so many messages, and sweeps as many subjects.
///
/// # Errors
///
/// When a process cannot be started or ends with an error, such as for want of memory.
pub fn measure(messages: u64) -> Result<Growth> {
    let program = released("measured")?;
    let tenth = messages.div_ceil(10).to_string();
    let stand_in = StandIn::start(&program, Duration::ZERO, 0)?;
    let mut relay = Command::new(&program);
    relay.args([
        "work",
        "relay:100/1",
        "--address",
        &stand_in.address,
        "--done",
        &tenth,
        "--stretches",
        "10",
    ]);
    let relay = used(&mut relay)?;
    let stand_in = StandIn::start(&program, Duration::ZERO, messages)?;
    let mut sweep = Command::new("sh");
    sweep.arg("-c").arg(format!("ulimit -v {MEMORY_KB}; exec \"$@\"")).arg("sh").arg(&program);
    sweep.args(["work", "sweep", "--address", &stand_in.address, "--done", "1"]);
    let sweep = used(&mut sweep)?.into_iter().next().context("it said nothing")?;
    Ok(Growth { relay, sweep })
}

impl Growth {
    /// The findings as text.
    pub fn text(&self) -> String {
        let mut text = String::from("relay, each tenth of the messages:\n");
        for Used { done, cpu_us, rss_mb, .. } in &self.relay {
            let _ =
                writeln!(text, "{done:>12} messages {cpu_us:>8.1} us of CPU each, peak RSS {rss_mb:.1} MB");
        }
        let Used { done, cpu_us, rss_mb, .. } = self.sweep;
        let limit = MEMORY_KB / 1024;
        let _ = writeln!(text, "sweep, with at most {limit} MB of address space:");
        let _ = writeln!(text, "{done:>12} subjects {cpu_us:>8.1} us of CPU each, peak RSS {rss_mb:.1} MB");
        text
    }
}
