//! In production no request leaves for anywhere but AWS, whatever chose its endpoint.
//!
//! An endpoint can be set by a variable for all services or for one, by a profile, by a configuration file that another variable names,
//! or in code. All of that ends in the host of the request, so the host is what is judged.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use axum::http::Uri;
use axum::http::uri::Scheme;

/// The domains under which AWS serves its APIs: the standard partition, China, and the dual-stack names of both
/// ("AWS General Reference, AWS service endpoints").
const DOMAINS: [&str; 4] = ["amazonaws.com", "amazonaws.com.cn", "api.aws", "api.amazonwebservices.com.cn"];

/// Where ECS and EC2 hand out credentials, without TLS and inside the machine only ("Amazon ECS Developer Guide, Task IAM role", "Amazon
/// EC2 User Guide, Instance metadata").
const CREDENTIAL_HOSTS: [&str; 5] =
    ["169.254.170.2", "169.254.170.23", "169.254.169.254", "[fd00:ec2::23]", "[fd00:ec2::254]"];

/// A request was about to leave for another place than AWS. No retry helps: remove the endpoint override.
#[derive(Debug, thiserror::Error)]
#[error(
    "a request for {service} was about to go to {host}, which is not that service's host at aws; outside development an \
     endpoint cannot be overridden: look for it in AWS_ENDPOINT_URL variables, profiles and AWS_CONFIG_FILE"
)]
struct OutsideAws {
    service: String,
    host: String,
}

/// An HTTP client that refuses to send anything elsewhere than to AWS.
#[derive(Debug)]
pub(super) struct OnlyAws(pub(super) SharedHttpClient);

#[derive(Debug)]
struct OnlyAwsConnector(SharedHttpConnector);

impl HttpClient for OnlyAws {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(OnlyAwsConnector(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for OnlyAwsConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match check(request.uri(), request.headers().get("authorization")) {
            Ok(()) => self.0.call(request),
            Err(outside) => {
                tracing::error!(error = &outside as &dyn std::error::Error, "request_outside_aws_refused");
                HttpConnectorFuture::ready(Err(ConnectorError::user(outside.into()).never_connected()))
            }
        }
    }
}

fn check(uri: &str, authorization: Option<&str>) -> Result<(), OutsideAws> {
    let scope = authorization.and_then(Scope::of);
    let parsed: Option<Uri> = uri.parse().ok();
    let host =
        parsed.as_ref().and_then(Uri::host).unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let tls = parsed.as_ref().and_then(Uri::scheme) == Some(&Scheme::HTTPS);
    let allowed = match &scope {
        Some(Scope { service, region }) => tls && is_host_of(&host, service, region),
        // Credentials are asked for without a signature: there is nothing to sign with yet.
        None => CREDENTIAL_HOSTS.contains(&host.as_str()) || tls && is_sign_in(&host),
    };
    let service = || scope.as_ref().map_or("credentials", |scope| scope.service).to_owned();
    if allowed { Ok(()) } else { Err(OutsideAws { service: service(), host: host.clone() }) }
}

/// What a signature is valid for: `AWS4-HMAC-SHA256 Credential=KEY/20261128/eu-west-1/sqs/aws4_request, …`.
struct Scope<'a> {
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    fn of(authorization: &'a str) -> Option<Self> {
        let credential = authorization.split_once("Credential=")?.1.split(',').next()?;
        let mut parts = credential.rsplit('/').skip(1);
        Some(Self { service: parts.next()?, region: parts.next()? })
    }
}

/// Whether this is a host of the service in the region, and not one that only ends like it: an EC2 instance, an API of somebody's or a
/// bucket have names below AWS's domain too.
fn is_host_of(host: &str, service: &str, region: &str) -> bool {
    let names: &[&str] = match service {
        "dynamodb" => &["dynamodb", "streams.dynamodb", "dynamodb-fips", "streams.dynamodb-fips"],
        "sns" => &["sns", "sns-fips"],
        "sqs" => &["sqs", "sqs-fips"],
        "s3" => &["s3", "s3-fips", "s3.dualstack", "s3-fips.dualstack"],
        "sts" => &["sts", "sts-fips"],
        _ => return false,
    };
    DOMAINS.iter().any(|domain| {
        names.iter().any(|name| {
            let regional = format!("{name}.{region}.{domain}");
            let private = format!(".{name}.{region}.vpce.{domain}");
            let of_bucket = || service == "s3" && host.ends_with(&format!(".{regional}"));
            host == regional || is_vpc_endpoint(host, &private, service == "s3") || of_bucket()
        }) || service == "dynamodb" && is_of_account(host, region, domain)
    }) || service == "sts" && host == "sts.amazonaws.com"
}

/// `vpce-0a1b-c2d3.sqs.eu-west-1.vpce.amazonaws.com`; S3 puts `bucket.` or the name of a bucket in front.
fn is_vpc_endpoint(host: &str, end: &str, is_s3: bool) -> bool {
    host.strip_suffix(end).is_some_and(|id| {
        let id = if is_s3 { id.rsplit('.').next().unwrap_or(id) } else { id };
        id.starts_with("vpce-") && !id.contains('.')
    })
}

/// `111122223333.ddb.eu-west-1.amazonaws.com`, an endpoint of one account ("Amazon DynamoDB Developer Guide, Account-based endpoints").
fn is_of_account(host: &str, region: &str, domain: &str) -> bool {
    let account = host.strip_suffix(&format!(".ddb.{region}.{domain}"));
    account.is_some_and(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Where a web identity or single sign-on becomes credentials, of any region.
fn is_sign_in(host: &str) -> bool {
    let Some(rest) = DOMAINS.iter().find_map(|domain| host.strip_suffix(&format!(".{domain}"))) else {
        return false;
    };
    let (service, region) = rest.split_once('.').unwrap_or((rest, ""));
    ["sts", "sts-fips", "portal.sso", "oidc"].contains(&service) && !region.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(uri: &str, service: &str) -> Result<(), OutsideAws> {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20261128/eu-west-1/{service}/aws4_request, SignedHeaders=host"
        );
        check(uri, Some(&header))
    }

    #[test]
    fn every_form_of_a_services_own_host_is_let_through() {
        for (uri, service) in [
            ("https://dynamodb.eu-west-1.amazonaws.com/", "dynamodb"),
            ("https://streams.dynamodb.eu-west-1.amazonaws.com", "dynamodb"),
            ("https://111122223333.ddb.eu-west-1.amazonaws.com", "dynamodb"),
            ("https://dynamodb.eu-west-1.api.aws", "dynamodb"),
            ("https://vpce-0a1b-c2d3.sqs.eu-west-1.vpce.amazonaws.com", "sqs"),
            ("https://SNS.EU-WEST-1.amazonaws.com.", "sns"),
            ("https://payloads.s3.eu-west-1.amazonaws.com/key", "s3"),
            ("https://s3.dualstack.eu-west-1.amazonaws.com/payloads/key", "s3"),
            ("https://bucket.vpce-0a1b.s3.eu-west-1.vpce.amazonaws.com/payloads", "s3"),
        ] {
            assert!(ask(uri, service).is_ok(), "{uri}");
        }
    }

    #[test]
    fn a_host_that_only_ends_like_aws_is_refused() {
        for uri in [
            "https://abc123.execute-api.eu-west-1.amazonaws.com",
            "https://ec2-1-2-3-4.eu-west-1.compute.amazonaws.com",
            "https://dynamodb.s3.eu-west-1.amazonaws.com",
            "https://bucket.s3.eu-west-1.amazonaws.com",
            "https://sqs.eu-west-1.amazonaws.com",
            "https://dynamodb.us-east-1.amazonaws.com",
            "https://vpce-0a1b.evil.dynamodb.eu-west-1.vpce.amazonaws.com",
            "https://evil.dynamodb.eu-west-1.amazonaws.com",
            "https://dynamodb.eu-west-1.amazonaws.com.example.org",
            "https://dynamodb.eu-west-1.amazonaws.com@example.org",
            "http://dynamodb.eu-west-1.amazonaws.com",
            "http://127.0.0.1:4566",
            "https://169.254.170.2",
            "not a uri",
        ] {
            assert!(ask(uri, "dynamodb").is_err(), "{uri}");
        }
    }

    #[test]
    fn credentials_come_from_the_machine_or_from_aws() {
        for uri in [
            "http://169.254.170.2/v2/credentials",
            "http://169.254.169.254/latest/api/token",
            "https://sts.eu-west-1.amazonaws.com",
        ] {
            assert!(check(uri, None).is_ok(), "{uri}");
        }
        for uri in [
            "http://example.org",
            "https://example.org",
            "http://sts.eu-west-1.amazonaws.com",
            "https://x.execute-api.eu-west-1.amazonaws.com",
        ] {
            assert!(check(uri, None).is_err(), "{uri}");
        }
    }
}
