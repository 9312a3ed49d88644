//! In production, a request that is about to go anywhere but to AWS is not sent.
//!
//! An endpoint can come from many places: variables, a profile, the file that `AWS_CONFIG_FILE` names. So the
//! place where it comes from is not looked at, but the request itself, when it is complete: its host must be
//! one of the service and region that it is signed for.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use http::Uri;

use crate::hosts;

/// Why a request was not sent. The host is an address of the configuration and no secret.
#[derive(Debug, thiserror::Error)]
#[error(
    "a request signed for {signed_for} was about to go to {host}, which is not a host of aws over https for it: \
     nothing was sent; look for endpoint_url in the environment, the profile and the file that AWS_CONFIG_FILE names"
)]
struct NotAws {
    signed_for: String,
    host: String,
}

/// Sends through `inner` what goes to AWS, and refuses the rest.
#[derive(Debug, Clone)]
pub(super) struct OnlyAws {
    inner: SharedHttpClient,
}

impl OnlyAws {
    pub(super) fn through(inner: SharedHttpClient) -> Self {
        Self { inner }
    }
}

impl HttpClient for OnlyAws {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Guarded { inner: self.inner.http_connector(settings, components) })
    }
}

#[derive(Debug)]
struct Guarded {
    inner: SharedHttpConnector,
}

impl HttpConnector for Guarded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match check(request.uri(), request.headers().get("authorization")) {
            Ok(()) => self.inner.call(request),
            // Of the kind that the SDK does not try again.
            Err(refusal) => HttpConnectorFuture::ready(Err(ConnectorError::user(refusal.into()))),
        }
    }
}

fn check(uri: &str, authorization: Option<&str>) -> Result<(), NotAws> {
    let parsed: Option<Uri> = uri.parse().ok();
    let host = parsed.as_ref().and_then(Uri::host).unwrap_or_default();
    let is_https = parsed.as_ref().and_then(Uri::scheme_str) == Some("https");
    let scope = authorization.and_then(signed_for);
    match scope {
        Some((region, service)) if is_https && hosts::serves(host, service, region) => Ok(()),
        _ => Err(NotAws {
            signed_for: scope
                .map_or("nobody".to_owned(), |(region, service)| format!("{service} in {region}")),
            host: host.to_owned(),
        }),
    }
}

/// Region and service of the credential scope: `Credential=KEY/20260101/eu-west-1/sqs/aws4_request` ("AWS
/// Signature Version 4").
fn signed_for(authorization: &str) -> Option<(&str, &str)> {
    let (_, credential) = authorization.split_once("Credential=")?;
    let (credential, _) = credential.split_once(',')?;
    let mut parts = credential.rsplit('/');
    let ("aws4_request", Some(service), Some(region)) = (parts.next()?, parts.next(), parts.next()) else {
        return None;
    };
    Some((region, service))
}
