//! What this process has used.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// What was used.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Used {
    /// Records or messages.
    pub done: u64,
    /// Processor time of each, of all threads, in microseconds.
    pub cpu_us: f64,
    /// How many were done in a second.
    pub a_second: f64,
    /// The most memory that the process had, in megabytes.
    pub rss_mb: f64,
}

/// Processor time of all threads that live, to the nanosecond ("proc(5), /proc/pid/task/tid/schedstat").
///
/// # Errors
///
/// Where there is no `/proc` as on Linux.
pub fn cpu() -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir("/proc/self/task").context("processor time is read from /proc: Linux only")? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The most memory that a process, by its number or as `self`, has had, in megabytes.
///
/// # Errors
///
/// Where there is no `/proc` as on Linux.
pub fn peak_memory(process: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}
