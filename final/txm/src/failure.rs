//! What can go wrong, in one line that says what to do, and the exit code of each.

use std::error::Error;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Wrong use, or nothing has that name. Exit code 2; no retry helps.
    #[error("{0}")]
    Usage(String),
    /// AWS is out of reach, or does not allow it. Exit code 3; a retry helps when it is out of reach.
    #[error("{0}")]
    Aws(String),
    /// Interrupted, or done in part. Exit code 4; run it again.
    #[error("{0}")]
    Partly(String),
}

/// A command's result.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Aws(_) => 3,
            Self::Partly(_) => 4,
        }
    }

    /// Nothing has that name, or it was used wrongly.
    pub fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// What an answer of AWS means, or its absence. `what` was being done or asked for. The codes stand in
    /// the texts of the causes, whichever operation it was.
    pub fn of(what: &str, error: &(dyn Error + 'static)) -> Self {
        let chain = causes(error);
        let says = |words: &[&str]| words.iter().any(|word| chain.contains(word));
        if says(&["ResourceNotFoundException", "NonExistentQueue", "QueueDoesNotExist", "NoSuchBucket"]) {
            Self::Usage(format!("{what}: there is no such thing; is --prefix right, and the region?"))
        } else if says(&["AccessDenied", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation"]) {
            Self::Aws(format!("{what}: AWS does not allow it; use a role that may ({})", code_in(&chain)))
        } else if says(&[
            "ExpiredToken",
            "UnrecognizedClient",
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
        ]) {
            Self::Aws(format!(
                "{what}: AWS does not accept the credentials ({}); sign in again",
                code_in(&chain)
            ))
        } else if says(&["credential", "Credential"]) {
            Self::Aws(format!("{what}: there are no credentials; sign in, or set AWS_PROFILE"))
        } else if says(&["dispatch failure", "timed out", "timeout", "deadline", "no answer"]) {
            Self::Aws(format!(
                "{what}: AWS does not answer; check the network, AWS_REGION and AWS_ENDPOINT_URL"
            ))
        } else {
            Self::Aws(format!("{what}: {chain}"))
        }
    }
}

/// An error with its causes.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let (mut chain, mut next) = (error.to_string(), error.source());
    while let Some(cause) = next {
        chain += &format!(": {cause}");
        next = cause.source();
    }
    chain
}

/// The code in a text of causes, for whoever has to change a policy: the first word that ends as codes do.
fn code_in(chain: &str) -> &str {
    let words = chain.split(|c: char| !c.is_ascii_alphanumeric());
    let is_code = |word: &&str| {
        word.len() > 8
            && ["Exception", "Denied", "Error", "Token"].iter().any(|end| word.ends_with(end))
            && word.chars().next().is_some_and(char::is_uppercase)
    };
    words.into_iter().find(is_code).unwrap_or("it gave no code")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> u8 {
        Failure::of("table orders", &*Box::<dyn Error>::from(text.to_owned())).code()
    }

    #[test]
    fn what_aws_says_becomes_the_exit_code() {
        assert_eq!(code("service error: ResourceNotFoundException: no"), 2);
        assert_eq!(code("service error: unhandled error (AccessDeniedException)"), 3);
        assert_eq!(code("dispatch failure: io error"), 3);
        assert_eq!(code("something new"), 3);
    }
}
