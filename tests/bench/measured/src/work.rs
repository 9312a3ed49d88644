//! How long a part works, and what it used meanwhile.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    stub,
    usage::{Used, cpu, peak_memory},
};

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After this time, and a fifth of it before to warm up.
    Time(Duration),
    /// When this many are done in each of so many stretches.
    Done {
        /// Records or messages.
        each: u64,
        /// Stretches; what was used is told for each.
        stretches: u64,
    },
}

/// Repeats the work, each time of which says how much it was; returns what was used, once or for each
/// stretch.
///
/// # Errors
///
/// When the work fails, or the machine does not tell what was used.
pub async fn measured(
    stand_in: Option<&str>,
    until: Until,
    mut work: impl AsyncFnMut() -> Result<u64>,
) -> Result<Vec<Used>> {
    match until {
        Until::Time(time) => {
            let warm = Instant::now();
            while warm.elapsed() < time / 5 {
                work().await?;
            }
            if let Some(address) = stand_in {
                get(address, stub::COUNTS)?;
            }
            Ok(vec![stretch(work, |_, elapsed| elapsed < time).await?])
        }
        Until::Done { each, stretches } => {
            let mut used = Vec::new();
            for _ in 0..stretches {
                used.push(stretch(&mut work, |done, _| done < each).await?);
            }
            Ok(used)
        }
    }
}

async fn stretch(
    mut work: impl AsyncFnMut() -> Result<u64>,
    goes_on: impl Fn(u64, Duration) -> bool,
) -> Result<Used> {
    let (mut done, begun, before) = (0, Instant::now(), cpu()?);
    while goes_on(done, begun.elapsed()) {
        done += work().await?;
    }
    let (elapsed, cpu) = (begun.elapsed(), cpu()? - before);
    Ok(Used {
        done,
        cpu_us: cpu.as_secs_f64() * 1e6 / done as f64,
        a_second: done as f64 / elapsed.as_secs_f64(),
        rss_mb: peak_memory("self")?,
    })
}

/// The answer of the stand-in to a GET.
///
/// # Errors
///
/// When it cannot be reached.
pub fn get(address: &str, path: &str) -> Result<String> {
    let host = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
