//! Ports for the programs that are started.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Context as _;

/// A port that nobody listens on. It lies below those that operating systems give to outgoing connections, or
/// one of these could take it before the program does.
pub(super) fn free_port() -> anyhow::Result<u16> {
    #[expect(
        clippy::disallowed_methods,
        reason = "two tests that start together must not try the same ports"
    )]
    let first = uuid::Uuid::new_v4().as_u128() % 10_000;
    let candidates = (0..10_000).map(|step| (first + step) % 10_000 + 20_000);
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    candidates.filter_map(|port| u16::try_from(port).ok()).find(free).context("there is no free port")
}
