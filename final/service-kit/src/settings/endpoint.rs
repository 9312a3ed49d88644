//! Which endpoint URLs may be used in place of AWS's own.

use http::Uri;
use http::uri::Scheme;

use super::Mode;
use crate::hosts;

/// Why an endpoint is refused. Each completes a sentence that begins with the name of the variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EndpointProblem {
    #[error(
        "is not a URL with a host; set it to one such as http://127.0.0.1:4566, or leave it out to use AWS"
    )]
    Malformed,
    #[error(
        "points outside AWS, which only development mode allows: it would send signed requests and message \
         bodies to somebody else; leave it out, or set ENVIRONMENT to development"
    )]
    OutsideAws,
    #[error("would send message bodies to AWS unencrypted; begin it with https, or leave it out")]
    Unencrypted,
}

/// Accepts any HTTP(S) URL in development, and only AWS's own hosts of the region over HTTPS in production.
/// It is the early check with the better message; what counts is judged for each request by
/// [`sdk_config`](crate::sdk_config)'s clients.
///
/// The URL is parsed by the `http` crate, the same that the SDK uses, so that both see the same host in
/// `https://sqs.amazonaws.com@example.org`.
pub(crate) fn check(mode: Mode, region: &str, url: &str) -> Result<(), EndpointProblem> {
    let uri: Uri = url.parse().map_err(|_| EndpointProblem::Malformed)?;
    let (Some(scheme), Some(host)) = (uri.scheme(), uri.host()) else {
        return Err(EndpointProblem::Malformed);
    };
    if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
        return Err(EndpointProblem::Malformed);
    }
    match mode {
        Mode::Development => Ok(()),
        Mode::Production if !hosts::serves_any(host, region) => Err(EndpointProblem::OutsideAws),
        Mode::Production if *scheme != Scheme::HTTPS => Err(EndpointProblem::Unencrypted),
        Mode::Production => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_accepts_aws() {
        for url in [
            "https://dynamodb.eu-west-1.amazonaws.com",
            "https://vpce-0a1b-c2d3.sqs.eu-west-1.vpce.amazonaws.com",
            "https://sns.eu-west-1.amazonaws.com/",
            "https://dynamodb.eu-west-1.api.aws:443",
            "HTTPS://SQS.EU-WEST-1.AMAZONAWS.COM.",
        ] {
            assert_eq!(check(Mode::Production, "eu-west-1", url), Ok(()), "{url}");
        }
    }

    #[test]
    fn production_refuses_hosts_that_only_look_like_aws() {
        for url in [
            "http://localhost:4566",
            "https://amazonaws.com.example.org",
            "https://evilamazonaws.com",
            "https://amazonaws.com",
            "https://sqs.amazonaws.com@example.org",
            "https://example.org/sqs.amazonaws.com",
            "https://169.254.169.254",
            "https://abcdef.execute-api.eu-west-1.amazonaws.com",
            "https://ec2-203-0-113-25.eu-west-1.compute.amazonaws.com",
            "https://sns.cn-north-1.amazonaws.com.cn/",
        ] {
            assert_eq!(check(Mode::Production, "eu-west-1", url), Err(EndpointProblem::OutsideAws), "{url}");
        }
    }

    #[test]
    fn production_refuses_plain_http_to_aws() {
        let verdict = check(Mode::Production, "eu-west-1", "http://sqs.eu-west-1.amazonaws.com");
        assert_eq!(verdict, Err(EndpointProblem::Unencrypted));
    }

    #[test]
    fn text_that_is_no_http_url_is_refused_in_both_modes() {
        for url in ["localhost:4566", "/queue", "ftp://sqs.eu-west-1.amazonaws.com", "https://", "http://a b"]
        {
            assert_eq!(check(Mode::Development, "eu-west-1", url), Err(EndpointProblem::Malformed), "{url}");
            assert_eq!(check(Mode::Production, "eu-west-1", url), Err(EndpointProblem::Malformed), "{url}");
        }
    }

    #[test]
    fn development_accepts_any_http_endpoint() {
        for url in ["http://127.0.0.1:4566", "https://localhost.localstack.cloud:4566", "http://[::1]:8000/"]
        {
            assert_eq!(check(Mode::Development, "eu-west-1", url), Ok(()), "{url}");
        }
    }
}
