//! ministack: an AWS that nobody here wrote.

use std::path::{Path, PathBuf};

use anyhow::ensure;

use super::{Process, ports::free_port};

/// The program, not started yet, and its address.
///
/// # Errors
///
/// When it is not installed.
pub(super) fn process(target: &Path, logs: &Path) -> anyhow::Result<(Process, String)> {
    let program = match std::env::var_os("MINISTACK") {
        Some(program) => PathBuf::from(program),
        None => target.join("ministack-venv/bin/ministack"),
    };
    ensure!(
        program.is_file(),
        "{} is missing; run scripts/install-ministack, or name the program in MINISTACK",
        program.display()
    );
    let port = free_port()?.to_string();
    let endpoint = format!("http://127.0.0.1:{port}");
    let variables = [
        ("BIND_HOST", "127.0.0.1"),
        ("GATEWAY_PORT", &port),
        // For functions, and for the code that it unpacks.
        ("AWS_ENDPOINT_URL", &endpoint),
        ("TMPDIR", &logs.to_string_lossy()),
        ("PATH", &std::env::var("PATH").unwrap_or_default()),
        // It would listen on all addresses for IoT devices.
        ("IOT_MTLS_ENABLED", "0"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let process = Process::new("ministack", &program, &[], variables, logs).guarded();
    Ok((process.healthy_at(format!("{endpoint}/_ministack/health")), endpoint))
}
