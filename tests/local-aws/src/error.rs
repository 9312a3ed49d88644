//! Why the embedded AWS could not start.

use std::net::SocketAddr;

/// Why the embedded AWS could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not on this machine. Nothing here checks credentials, so nobody else may reach it.
    #[error("{addr} is not a loopback address: use 127.0.0.1")]
    NotLoopback {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The port is taken, or the system refused to open it.
    #[error("could not listen on {addr}: use another port, or 0 for any free one")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database could not be opened.
    #[error(
        "could not open the DynamoDB data: check that the file is writable and holds a dynoxide database"
    )]
    Database(#[source] dynoxide::DynoxideError),
    /// The tables in memory could not be copied for a [`Blueprint`](crate::Blueprint).
    #[error("could not copy the tables of an AWS in memory ({0}): this needs memory as large as the tables")]
    Copy(String),
    /// What was kept of queues, topics and buckets could not be read.
    #[error(
        "could not read what is kept beside the data ({0}): delete the files with its name and more, and start again"
    )]
    Kept(String),
}

impl StartError {
    /// Whether the same call may succeed later: only a taken port frees itself.
    pub fn is_retryable(&self) -> bool {
        matches!(self, StartError::Listen { .. })
    }
}
