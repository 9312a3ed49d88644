//! What a test logs.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::{Arc, Mutex, Once},
};

use tracing::subscriber::DefaultGuard;

/// What is written to it, for a subscriber of the test's own. Clones share the text.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Keeps what this thread logs until the guard is dropped.
    pub fn capture() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let writer = lines.clone();
        let logs = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        // Before another thread reaches a place in the code without a subscriber: it would be taken for one
        // that nobody listens to.
        static SOMEBODY_LISTENS: Once = Once::new();
        SOMEBODY_LISTENS
            .call_once(|| drop(tracing::subscriber::set_global_default(tracing_subscriber::registry())));
        (lines, tracing::subscriber::set_default(logs))
    }

    /// All of it so far.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what each thread logs apart. A subscriber of one thread alone does not do: what other tests log
/// first, on threads without one, is switched off for all.
struct OfThread;

impl Write for OfThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps what is logged from here on, the lines of each thread apart. Not beside [`Lines::capture`] in one
/// test binary.
pub fn keep() {
    static ONCE: Once = Once::new();
    let logs = tracing_subscriber::fmt().with_ansi(false).with_writer(|| OfThread);
    ONCE.call_once(|| tracing::subscriber::set_global_default(logs.finish()).unwrap());
}

/// What this thread has logged since the last time.
pub fn take() -> String {
    String::from_utf8(LINES.take()).unwrap()
}
