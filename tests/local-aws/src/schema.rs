//! An index that dynoxide's tables lack.
//!
//! dynoxide 3.2.0 asks for the highest sequence number of a stream with each write, and reads a page of records, by
//! `CAST(sequence_number AS INTEGER)`, for which it has no index: both read the whole stream each time. SQLite uses an index on the same
//! expression by itself, whoever made it.

use std::path::Path;
use std::sync::{Mutex, OnceLock};

use dynoxide::Database;
use rusqlite::Connection;

const INDEX: &str = "CREATE INDEX IF NOT EXISTS local_aws_stream_sequence
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// An empty database with the index, in the memory of this process, from which those in memory are copied.
const TEMPLATE: &str = "file:/local-aws-template?vfs=memdb";

/// Adds the index to a file that dynoxide has made or brought up to date.
pub(crate) fn index_file(file: &Path) {
    if let Err(error) = Connection::open(file).and_then(|connection| connection.execute_batch(INDEX)) {
        tracing::warn!(%error, "local_aws_index_not_made");
    }
}

/// Adds the index to an empty database in memory, which only dynoxide can reach, by copying one that has it.
pub(crate) fn index_memory(database: &Database) {
    if template().lock().is_ok_and(|template| template.is_none()) {
        return;
    }
    if let Err(error) = database.restore_from(TEMPLATE) {
        tracing::warn!(%error, "local_aws_index_not_made");
    }
}

/// Such a database lasts as long as somebody has it open.
fn template() -> &'static Mutex<Option<Connection>> {
    static OPEN: OnceLock<Mutex<Option<Connection>>> = OnceLock::new();
    OPEN.get_or_init(|| {
        let make = || {
            let kept = Connection::open(TEMPLATE).map_err(|error| error.to_string())?;
            drop(Database::new(TEMPLATE).map_err(|error| error.to_string())?);
            kept.execute_batch(INDEX).map_err(|error| error.to_string())?;
            Ok::<_, String>(kept)
        };
        Mutex::new(make().inspect_err(|error| tracing::warn!(%error, "local_aws_index_not_made")).ok())
    })
}
