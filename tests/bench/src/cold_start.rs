//! From the start of the relay's Lambda function to its first answer, with the client for TLS in it, and the
//! memory that it has then and after more work.
//!
//! A stand-in for the Lambda runtime API hands out batches of stream records and waits for the answers.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use measured::{load, usage::peak_memory};
use serde::Serialize;

use crate::{
    programs::{Running, function, released},
    trial::StandIn,
};

const STARTS: usize = 21;
/// Where the memory does not grow any more.
const BATCHES: usize = 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// Medians of 21 starts.
#[derive(Clone, Debug, Serialize)]
pub struct ColdStart {
    /// Records in a batch.
    pub batch: u64,
    /// Milliseconds from the start of the process until its answer is there.
    pub first_answer_ms: f64,
    /// The most memory that it had until then, in megabytes.
    pub rss_mb: f64,
    /// The most that it had after twenty batches.
    pub warm_rss_mb: f64,
}

/// Starts the function with batches of one record, of a hundred, and of a thousand.
///
/// # Errors
///
/// When it cannot be built or started, or answers with an error.
pub fn measure() -> Result<Vec<ColdStart>> {
    let (function, stand_in) = (function()?, released("measured")?);
    let stand_in = StandIn::start(&stand_in, Duration::ZERO, 0)?;
    [1, 100, 1_000].into_iter().map(|batch| median(&function, &stand_in.address, batch)).collect()
}

fn median(function: &Path, address: &str, batch: u64) -> Result<ColdStart> {
    let event = load::event(batch, 1);
    let starts: Vec<_> =
        (0..STARTS).map(|_| once(function, address, batch, &event)).collect::<Result<_>>()?;
    let middle = |of: fn(&ColdStart) -> f64| {
        let mut values: Vec<_> = starts.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[STARTS / 2]
    };
    Ok(ColdStart {
        batch,
        first_answer_ms: middle(|start| start.first_answer_ms),
        rss_mb: middle(|start| start.rss_mb),
        warm_rss_mb: middle(|start| start.warm_rss_mb),
    })
}

fn once(function: &Path, address: &str, batch: u64, event: &str) -> Result<ColdStart> {
    let runtime_api = TcpListener::bind("127.0.0.1:0")?;
    let begun = Instant::now();
    let process = Command::new(function)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.local_addr()?.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "relay")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "relay")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "relay")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL", address)
        .env("AWS_SNS_TOPIC_ARN_PREFIX", "arn:aws:sns:us-east-1:000000000000:")
        .env("DYNAMODB_OUTBOX_TABLE_NAME", "orders-outbox")
        .env("ENVIRONMENT", "development")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("the function could not be started")?;
    let process = Running(process);
    let memory = || peak_memory(&process.0.id().to_string());
    let mut answers = Vec::with_capacity(BATCHES);
    serve(&runtime_api, event, |at| {
        answers.push((at, memory()?));
        Ok(answers.len() < BATCHES)
    })?;
    let ((first, rss_mb), (_, warm_rss_mb)) = (answers[0], answers[answers.len() - 1]);
    Ok(ColdStart { batch, first_answer_ms: (first - begun).as_secs_f64() * 1e3, rss_mb, warm_rss_mb })
}

/// Serves the function, and tells of each answer when it came, for as long as that is wanted.
fn serve(
    runtime_api: &TcpListener,
    event: &str,
    mut answered: impl FnMut(Instant) -> Result<bool>,
) -> Result<()> {
    // Later requests of the function for an invocation are left open.
    let mut open = Vec::new();
    loop {
        let (stream, _) = runtime_api.accept()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream);
        while let Some((path, body)) = request(&mut reader)? {
            if path.ends_with("/response") {
                let failed = serde_json::from_slice::<serde_json::Value>(&body)?["batchItemFailures"].clone();
                anyhow::ensure!(failed.as_array().is_none_or(Vec::is_empty), "it failed: {failed}");
                if !answered(Instant::now())? {
                    return Ok(());
                }
                write!(reader.get_mut(), "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")?;
                continue;
            }
            if !path.ends_with("/next") {
                bail!("the function said {path}: {}", String::from_utf8_lossy(&body));
            }
            answer(reader.get_mut(), event)?;
        }
        open.push(reader);
    }
}

/// Path and body of the next request; none when the function has hung up.
fn request(reader: &mut BufReader<TcpStream>) -> Result<Option<(String, Vec<u8>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((path, body)))
}

fn answer(stream: &mut TcpStream, event: &str) -> Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Aws-Request-Id: 00000000-0000-0000-0000-000000000001\r\n\
         Lambda-Runtime-Deadline-Ms: 0\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:relay\r\n\r\n{event}",
        event.len()
    )?;
    Ok(())
}

/// The findings as a table.
pub fn table(found: &[ColdStart]) -> String {
    let title = ["records", "first answer, ms", "peak RSS, MB", "after 20 batches"];
    let mut text = format!("{:<10}{:>20}{:>14}{:>20}\n", title[0], title[1], title[2], title[3]);
    for ColdStart { batch, first_answer_ms, rss_mb, warm_rss_mb } in found {
        text.push_str(&format!("{batch:<10}{first_answer_ms:>20.1}{rss_mb:>14.1}{warm_rss_mb:>20.1}\n"));
    }
    text
}
