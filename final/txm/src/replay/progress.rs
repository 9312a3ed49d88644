//! How far a replay has come, where it survives that the process is killed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use transactional_messaging::timestamp;

use crate::{
    cli,
    deployment::Deployment,
    failure::{Failure, Result},
};

/// How far a replay has come, in a file beside the user: it survives that the process is killed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    /// What is replayed: another replay has another file.
    pub(super) of: String,
    /// A time of so long ago is one that was meant when the replay began.
    #[serde(default, with = "timestamp::option")]
    pub(super) since: Option<OffsetDateTime>,
    #[serde(with = "timestamp")]
    pub(super) until: OffsetDateTime,
    /// By service, the last row that was sent for certain; a service is done when the next one has begun.
    pub(super) service: String,
    pub(super) behind: Option<(String, String)>,
    pub(super) sent: usize,
    /// Messages of the call that was being made.
    pub(super) under_way: usize,
    /// Messages that an interrupted call may have sent, and the next one sent again.
    pub(super) twice: usize,
}

/// What this replay is, in words that are the same for the same command, and its file.
pub(super) fn named(at: &Deployment, asked: &cli::Replay) -> (String, PathBuf) {
    let of = format!(
        "{} {} {} {:?} {:?} {:?} {:?}",
        at.place, at.account, at.common.prefix, asked.subject, asked.since, asked.topic, asked.to
    );
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")));
    let name = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, of.as_bytes());
    let file = folder.unwrap_or_else(std::env::temp_dir).join("txm").join(format!("replay-{name}.json"));
    (of, file)
}

pub(super) fn read(file: &PathBuf, of: &str) -> Option<Progress> {
    let text = std::fs::read_to_string(file).ok()?;
    serde_json::from_str::<Progress>(&text).ok().filter(|progress| progress.of == of)
}

/// In one step: a file that was half written would lose the place.
pub(super) fn write(file: &PathBuf, progress: &Progress) -> Result<()> {
    let written = || -> std::io::Result<()> {
        file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        let new = file.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(progress)?)?;
        std::fs::rename(new, file)
    };
    written().map_err(|error| {
        Failure::usage(format!(
            "{} cannot be written ({error}); set XDG_STATE_HOME to a folder that can",
            file.display()
        ))
    })
}
