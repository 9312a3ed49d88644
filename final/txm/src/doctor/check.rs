//! What was found of one thing, and how bad it is.

use std::error::Error;

use crate::failure::{Failure, causes};

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(super) what: String,
    pub(super) verdict: Verdict,
    pub(super) why: String,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it must be.
    Ok,
    /// It works, and somebody should know something about it.
    Warn,
    /// Messages are lost, doubled or stuck by it, now or one day.
    Bad,
    /// It was not looked at.
    NotSeen,
}

/// What could be looked at; otherwise what is said of that.
pub(super) type Seen<T> = std::result::Result<T, Check>;

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "BAD",
            Self::NotSeen => "not looked at",
        }
    }
}

impl Check {
    pub(crate) fn new(what: impl Into<String>, verdict: Verdict, why: impl Into<String>) -> Self {
        Self { what: what.into(), verdict, why: why.into() }
    }

    /// Well if this holds, and otherwise bad for this reason.
    pub(crate) fn holds(
        what: impl Into<String>,
        holds: bool,
        well: impl Into<String>,
        bad: impl Into<String>,
    ) -> Self {
        if holds { Self::new(what, Verdict::Ok, well) } else { Self::new(what, Verdict::Bad, bad) }
    }

    /// It was not looked at, because a service did not answer: it does not allow it, or is not there.
    pub(super) fn not_seen(what: impl Into<String>, service: &str, error: &(dyn Error + 'static)) -> Self {
        let (chain, failure) = (causes(error), Failure::of(service, error));
        let why = match &failure {
            // Nothing was asked for by a name, or it was answered with nothing that such a service says.
            Failure::Usage(_) => format!("no {service} answers here ({chain})"),
            Failure::Aws(text) if text.ends_with(&chain) => format!("no {service} answers here ({chain})"),
            _ => failure.to_string(),
        };
        Self::new(what, Verdict::NotSeen, why)
    }
}

/// Everything that is wrong with one thing: a line for each, or one that says that nothing is.
#[derive(Debug)]
pub(super) struct Findings {
    what: String,
    found: Vec<(Verdict, String)>,
}

impl Findings {
    pub(super) fn of(what: impl Into<String>) -> Self {
        Self { what: what.into(), found: Vec::new() }
    }

    pub(super) fn bad_if(&mut self, is_so: bool, why: impl Into<String>) {
        self.add(is_so, Verdict::Bad, why);
    }

    pub(super) fn warn_if(&mut self, is_so: bool, why: impl Into<String>) {
        self.add(is_so, Verdict::Warn, why);
    }

    fn add(&mut self, is_so: bool, verdict: Verdict, why: impl Into<String>) {
        if is_so {
            self.found.push((verdict, why.into()));
        }
    }

    /// What is wrong, and nothing where nothing is.
    pub(super) fn wrong(self) -> Vec<Check> {
        let Self { what, found } = self;
        found.into_iter().map(|(verdict, why)| Check::new(what.clone(), verdict, why)).collect()
    }

    pub(super) fn checks(self, well: impl Into<String>) -> Vec<Check> {
        if self.found.is_empty() {
            return vec![Check::new(self.what, Verdict::Ok, well)];
        }
        self.wrong()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_answer_or_allow_it_is_not_looked_at_and_never_a_failure() {
        let told = |text: &str| {
            let error = Box::<dyn Error + Send + Sync>::from(text.to_owned());
            let check = Check::not_seen("alarms", "CloudWatch", &*error);
            assert_eq!(check.verdict, Verdict::NotSeen);
            check.why
        };
        assert!(told("service error: AccessDeniedException: not you").contains("AWS does not allow it"));
        assert!(told("dispatch failure: io error").contains("AWS does not answer"));
        for odd in ["NoSuchBucket", "unhandled error: unexpected token '<'"] {
            assert_eq!(told(odd), format!("no CloudWatch answers here ({odd})"));
        }
    }
}
