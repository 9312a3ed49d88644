//! Under which host names AWS serves the services that this system calls.
//!
//! A name that only ends like AWS's is not enough: anybody can have an API under `execute-api`, a machine
//! under `ec2`, a bucket, or a VPC endpoint service of their own below `amazonaws.com`.

/// Domains of the standard partition, China and the European Sovereign Cloud, with their dual-stack names
/// ("AWS General Reference, Service endpoints", and the partitions that the SDK for Rust carries). The longer
/// of two that end alike comes first.
const DOMAINS: [&str; 6] = [
    ".amazonaws.com.cn",
    ".amazonaws.com",
    ".amazonaws.eu",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
    ".api.amazonwebservices.eu",
];

/// The names by which requests are signed, of the services that this system calls.
const SERVICES: [&str; 6] = ["dynamodb", "sns", "sqs", "s3", "ses", "sts"];

/// Whether the host is one of AWS for the service that the request is signed for, in the region that it is
/// signed for.
pub(crate) fn serves(host: &str, service: &str, region: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let Some(place) = DOMAINS.iter().find_map(|domain| host.strip_suffix(domain)) else { return false };
    let (place, is_private) = match place.strip_suffix(".vpce") {
        Some(place) => (place, true),
        None => (place, false),
    };
    match place.strip_suffix(region).and_then(|name| name.strip_suffix('.')) {
        Some(name) if is_private => is_private_name(name, service),
        Some(name) => is_name(name, service),
        None => false,
    }
}

/// Whether the host is one of AWS for any of the services, in this region.
pub(crate) fn serves_any(host: &str, region: &str) -> bool {
    SERVICES.iter().any(|service| serves(host, service, region))
}

fn is_name(name: &str, service: &str) -> bool {
    match service {
        "dynamodb" => {
            matches!(name, "dynamodb" | "dynamodb-fips" | "streams.dynamodb" | "streams.dynamodb-fips")
                || matches!(name, "streams-dynamodb" | "streams-dynamodb-fips")
                || name.strip_suffix(".ddb").is_some_and(is_account)
        }
        // The bucket stands in front.
        "s3" => ["s3", "s3-fips", "s3.dualstack", "s3-fips.dualstack"].iter().any(|own| {
            name.strip_suffix(own).is_some_and(|bucket| bucket.is_empty() || bucket.ends_with('.'))
        }),
        // It is signed for by another name than it is called by.
        "ses" => matches!(name, "email" | "email-fips"),
        "sns" | "sqs" | "sts" => name.strip_suffix("-fips").unwrap_or(name) == service,
        _ => false,
    }
}

/// An interface endpoint: `vpce-0a1b-c2d3.sqs`, and for S3 with the bucket in front.
fn is_private_name(name: &str, service: &str) -> bool {
    let Some((front, rest)) = name.split_once("vpce-") else { return false };
    let Some((_, own)) = rest.split_once('.') else { return false };
    (front.is_empty() || service == "s3" && front.ends_with('.'))
        && (own == service || service == "dynamodb" && own == "streams.dynamodb")
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_of_a_service_are_accepted_in_every_form() {
        for (host, service, region) in [
            ("dynamodb.eu-west-1.amazonaws.com", "dynamodb", "eu-west-1"),
            ("123456789012.ddb.eu-west-1.amazonaws.com", "dynamodb", "eu-west-1"),
            ("streams.dynamodb.eu-west-1.amazonaws.com", "dynamodb", "eu-west-1"),
            ("streams-dynamodb.eu-west-1.api.aws", "dynamodb", "eu-west-1"),
            ("dynamodb-fips.us-east-1.api.aws", "dynamodb", "us-east-1"),
            ("SQS.EU-WEST-1.AMAZONAWS.COM.", "sqs", "eu-west-1"),
            ("email.eu-west-1.amazonaws.com", "ses", "eu-west-1"),
            ("sns.cn-north-1.amazonaws.com.cn", "sns", "cn-north-1"),
            ("sqs.cn-north-1.api.amazonwebservices.com.cn", "sqs", "cn-north-1"),
            ("sns.eusc-de-east-1.amazonaws.eu", "sns", "eusc-de-east-1"),
            ("vpce-0a1b-c2d3.sqs.eu-west-1.vpce.amazonaws.com", "sqs", "eu-west-1"),
            ("bucket.vpce-0a1b.s3.eu-west-1.vpce.amazonaws.com", "s3", "eu-west-1"),
            ("s3.eu-west-1.amazonaws.com", "s3", "eu-west-1"),
            ("a.bucket.s3.dualstack.eu-west-1.amazonaws.com", "s3", "eu-west-1"),
        ] {
            assert!(serves(host, service, region), "{host} is {service}");
            assert!(serves_any(host, region), "{host}");
        }
    }

    #[test]
    fn what_others_may_have_below_a_domain_of_aws_is_refused() {
        for host in [
            "abcdef.execute-api.eu-west-1.amazonaws.com",
            "ec2-203-0-113-25.eu-west-1.compute.amazonaws.com",
            "evil.s3.eu-west-1.amazonaws.com",
            "sqs.s3.eu-west-1.amazonaws.com",
            "vpce-0a1b.vpce-svc-0c2d.eu-west-1.vpce.amazonaws.com",
            "evil.vpce-0a1b.sqs.eu-west-1.vpce.amazonaws.com",
            "evil.sqs.eu-west-1.amazonaws.com",
            "sqs.eu-west-2.amazonaws.com",
            "sns.eu-west-1.amazonaws.com",
            "sqs.amazonaws.com",
            "amazonaws.com",
            "sqs.eu-west-1.amazonaws.com.example.org",
            "sqs.eu-west-1.evilamazonaws.com",
            "169.254.169.254",
            "localhost",
            "",
        ] {
            assert!(!serves(host, "sqs", "eu-west-1"), "{host}");
        }
        assert!(!serves("99999.ddb.eu-west-1.amazonaws.com", "dynamodb", "eu-west-1"));
        assert!(!serves("execute-api.eu-west-1.amazonaws.com", "execute-api", "eu-west-1"));
    }
}
