//! Errors as programs return them.

/// Any error; the laboratory only reports it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// An error with its causes, in one line.
pub(crate) fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error), |error| error.source());
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
