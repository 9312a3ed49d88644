//! What the AWS calls of each component need of IAM, noted while tests run, for the comparison with the
//! policies in `terraform/`.
//!
//! [`CallLog::noted`] puts a listener below a component's SDK, where every request passes on its way to AWS.
//! What a request needs is worked out in [`needs`]. `scripts/check-infrastructure` reads the files that
//! [`CallLog::write`] makes.

pub mod needs;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_types::SdkConfig;
use local_aws::tap;

pub use needs::Need;

/// Who needs what, and how often. Clones share the notes.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    calls: BTreeMap<(String, Need), u64>,
    /// The stream that a component asked about last: `GetRecords` names an iterator only.
    streams: BTreeMap<String, String>,
}

impl CallLog {
    /// The same settings, with every request noted as one of this component. Settings without an HTTP client
    /// come back as they are.
    #[must_use]
    pub fn noted(&self, aws: &SdkConfig, component: &str) -> SdkConfig {
        let Some(inner) = aws.http_client() else { return aws.clone() };
        let (log, component) = (self.clone(), component.to_owned());
        let listening = tap::watching(inner, move |request| log.note(&component, request));
        aws.to_builder().http_client(listening).build()
    }

    /// What was noted so far: component, need, and how often.
    pub fn calls(&self) -> Vec<(String, Need, u64)> {
        let notes = self.lock();
        notes
            .calls
            .iter()
            .map(|((component, need), count)| (component.clone(), need.clone(), *count))
            .collect()
    }

    /// Writes the notes to a file, a line for each: component, action, resource and count, with tabs between
    /// them. Folders that are missing are made. Either the whole file is there afterwards or none.
    ///
    /// # Errors
    ///
    /// What the file system says; a retry helps when that was a full disk or the like.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = String::new();
        for (component, need, count) in self.calls() {
            let _ = writeln!(text, "{component}\t{}\t{}\t{count}", need.action, need.resource);
        }
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let partial = path.with_extension("partial");
        std::fs::write(&partial, text)?;
        std::fs::rename(partial, path)
    }

    fn note(&self, component: &str, request: &HttpRequest) {
        let mut notes = self.lock();
        let mut stream = notes.streams.remove(component).unwrap_or_default();
        for need in needs::of(request, &mut stream) {
            *notes.calls.entry((component.to_owned(), need)).or_default() += 1;
        }
        notes.streams.insert(component.to_owned(), stream);
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
