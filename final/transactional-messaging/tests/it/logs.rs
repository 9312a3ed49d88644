//! What a test's own thread logs.

use std::{cell::RefCell, io::Write, sync::Once};

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what each thread logs apart. A subscriber of one thread alone does not do: what other tests log first, on threads without one,
/// is switched off for all.
struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend(bytes));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps what is logged from here on.
pub(crate) fn keep() {
    static ONCE: Once = Once::new();
    let logs = tracing_subscriber::fmt().with_ansi(false).with_writer(|| Lines);
    ONCE.call_once(|| tracing::subscriber::set_global_default(logs.finish()).unwrap());
}

/// What this thread has logged.
pub(crate) fn take() -> String {
    String::from_utf8(LINES.take()).unwrap()
}
