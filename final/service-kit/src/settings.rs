//! The process environment, read once at start, with one error that lists every setting that is missing or
//! malformed.
//!
//! A process that stops at the first missing variable costs one deployment per variable. Here every read
//! returns a `Result` at once and keeps its complaint in the [`Environment`]; [`Environment::finish`] hands
//! out the values only if there was no complaint at all, so a half-read configuration cannot be used by
//! mistake.
//!
//! ```
//! use service_kit::{Environment, SettingsError};
//!
//! struct Settings {
//!     table: String,
//!     port: u16,
//! }
//!
//! fn read(mut env: Environment) -> Result<Settings, SettingsError> {
//!     let table = env.required("DYNAMODB_ORDERS_TABLE_NAME", "the name of the orders table");
//!     let port = env.parsed("PORT", 9700, "a TCP port");
//!     env.finish(|| Ok(Settings { table: table?, port: port? }))
//! }
//!
//! let error = read(Environment::from_iter([("PORT", "many")])).err().expect("both settings are wrong");
//! assert!(error.to_string().contains("DYNAMODB_ORDERS_TABLE_NAME"));
//! assert!(error.to_string().contains("PORT"));
//! ```

mod base;
mod endpoint;
mod listen;
mod mode;

pub use base::BaseSettings;
pub use listen::listen_address;
pub use mode::Mode;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

/// The environment variables of a process and the complaints about them so far.
///
/// Names are case-insensitive. Values are trimmed, and an empty value counts as unset, because compose files
/// and container task definitions pass empty values for variables that nobody set.
#[derive(Default)]
pub struct Environment {
    // `None`: the value is not Unicode.
    variables: BTreeMap<String, Option<String>>,
    problems: Vec<String>,
}

impl Environment {
    /// The environment of this process.
    pub fn from_process() -> Self {
        // Not `vars()`, which panics on a value that is not Unicode.
        std::env::vars_os().collect()
    }

    /// A value that must be there. `expected` completes the sentence "set it to …" in the error.
    ///
    /// # Errors
    /// [`Reported`] if it is missing or not Unicode.
    pub fn required(&mut self, name: &str, expected: &str) -> Result<String, Reported> {
        self.maybe(name)?.ok_or_else(|| self.reject(name, format_args!("is missing; set it to {expected}")))
    }

    /// A value that may be left out in favour of `default`.
    ///
    /// # Errors
    /// [`Reported`] if it is not Unicode.
    pub fn optional(&mut self, name: &str, default: &str) -> Result<String, Reported> {
        Ok(self.maybe(name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// A value that may be left out and then means nothing at all.
    ///
    /// # Errors
    /// [`Reported`] if it is not Unicode.
    pub fn maybe(&mut self, name: &str) -> Result<Option<String>, Reported> {
        match self.variables.get(&name.to_ascii_uppercase()) {
            Some(None) => Err(self.reject(name, "is not valid UTF-8")),
            Some(Some(value)) if !value.is_empty() => Ok(Some(value.clone())),
            Some(_) | None => Ok(None),
        }
    }

    /// A value of any type that reads itself from text, or `default` if it is left out. `expected` completes
    /// the sentence "set it to …" in the error.
    ///
    /// # Errors
    /// [`Reported`] if it is there and cannot be read.
    pub fn parsed<T>(&mut self, name: &str, default: T, expected: &str) -> Result<T, Reported>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let Some(text) = self.maybe(name)? else { return Ok(default) };
        // The value itself stays out of the message: a secret may have been pasted into the wrong variable.
        text.parse()
            .map_err(|why| self.reject(name, format_args!("is malformed ({why}); set it to {expected}")))
    }

    /// A number within bounds, both included, or `default` if it is left out. `expected` says in words what
    /// it is.
    ///
    /// # Errors
    /// [`Reported`] if it is there and no number, or out of its bounds.
    pub fn within(
        &mut self,
        name: &str,
        default: u32,
        bounds: std::ops::RangeInclusive<u32>,
        expected: &str,
    ) -> Result<u32, Reported> {
        let number = self.parsed(name, default, expected)?;
        if bounds.contains(&number) {
            return Ok(number);
        }
        let (least, most) = bounds.into_inner();
        Err(self.reject(name, format_args!("is out of bounds; set it to {expected}, from {least} to {most}")))
    }

    /// Adds a complaint of the caller's own, for rules that look at a value's meaning or at two values
    /// together.
    pub fn reject(&mut self, name: &str, problem: impl fmt::Display) -> Reported {
        self.problems.push(format!("{name} {problem}"));
        Reported(())
    }

    /// Builds the settings from what was read, if nothing was wrong with any of it.
    ///
    /// Read everything first and build afterwards: a `?` before the last read would hide the complaints after
    /// it.
    ///
    /// # Errors
    /// [`SettingsError`] with every complaint, in the order of reading.
    pub fn finish<T>(self, build: impl FnOnce() -> Result<T, Reported>) -> Result<T, SettingsError> {
        match build() {
            Ok(settings) if self.problems.is_empty() => Ok(settings),
            _ => Err(SettingsError { problems: self.problems }),
        }
    }

    /// Reads settings that say themselves what they need, and nothing else.
    ///
    /// ```
    /// use service_kit::{BaseSettings, Environment};
    ///
    /// let variables = [("ENVIRONMENT", "development"), ("AWS_REGION", "eu-west-1")];
    /// let base = Environment::from_iter(variables).read(BaseSettings::read)?;
    /// assert_eq!(base.region, "eu-west-1");
    /// # Ok::<(), service_kit::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// [`SettingsError`] with every complaint, in the order of reading.
    pub fn read<T>(
        mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Reported>,
    ) -> Result<T, SettingsError> {
        let settings = read(&mut self);
        self.finish(|| settings)
    }

    fn names_beginning_with(&self, prefix: &str) -> Vec<String> {
        self.variables.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    /// Takes the variables from anywhere, a literal list in a test for instance. Of two names that differ in
    /// case only, the one in capitals wins.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            // A name that is not Unicode cannot be one that anybody asks for.
            let Ok(name) = name.into().into_string() else { continue };
            let value = value.into().into_string().ok().map(|text| text.trim().to_owned());
            let key = name.to_ascii_uppercase();
            if key == name {
                environment.variables.insert(key, value);
            } else {
                environment.variables.entry(key).or_insert(value);
            }
        }
        environment
    }
}

impl fmt::Debug for Environment {
    /// Shows the names only: some of the values are secret keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("names", &self.variables.keys())
            .field("problems", &self.problems)
            .finish()
    }
}

/// Proof that the [`Environment`] already holds a complaint about this value. It can only be made by reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported(());

/// Everything that is wrong with the environment, one setting a line.
///
/// No retry helps: the environment of a running process does not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment does not describe a service that can start:\n  {}", problems.join("\n  "))]
pub struct SettingsError {
    problems: Vec<String>,
}

impl SettingsError {
    /// The complaints, each beginning with the name of its variable.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}
