//! Where a process runs.

/// Who the process works for: a person at a desk or test, or the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `ENVIRONMENT` is `development` or `autotest`: readable logs, any endpoint, and test credentials where
    /// none are set.
    Development,
    /// Everything else, a misspelt `ENVIRONMENT` included, so that a typing mistake never opens a production
    /// system.
    Production,
}

impl Mode {
    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "development" | "autotest" => Self::Development,
            _ => Self::Production,
        }
    }
}
