//! Who may ask over TCP: nobody checks signatures here, so a web page in a browser on this machine must not get through.
//!
//! A page can send a POST anywhere, and the browser tells from where in `Origin`. A page whose name is made to point to 127.0.0.1 (DNS
//! rebinding) counts as the same origin, but its name stands in `Host`.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, Uri};

/// The hosts under which this server may be called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Callers {
    /// Loopback addresses, `localhost` and names under it.
    ThisMachine,
    /// Also other addresses, and names without a dot, as containers have; no such name can be had on the Internet.
    Network,
}

impl Callers {
    /// What is wrong with the request, if it must be refused.
    pub(crate) fn refuse(self, headers: &HeaderMap) -> Option<String> {
        // A request names one host, or none before HTTP/1.1, which no browser speaks.
        let foreign = |name: HeaderName, host: fn(&str) -> Option<String>| {
            let mut given = headers.get_all(&name).iter();
            let text = given
                .find(|value| !value.to_str().ok().and_then(host).is_some_and(|host| self.know(&host)))?;
            Some(format!("{name} {} is not of this machine", String::from_utf8_lossy(text.as_bytes())))
        };
        foreign(HOST, host_of_authority).or_else(|| foreign(ORIGIN, host_of_origin))
    }

    fn know(self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let wide = matches!(self, Self::Network);
        match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || wide,
            Err(_) => {
                host == "localhost"
                    || host.ends_with(".localhost")
                    || (wide && !host.is_empty() && !host.contains('.'))
            }
        }
    }
}

fn host_of_authority(text: &str) -> Option<String> {
    text.parse::<http::uri::Authority>().ok().map(|authority| authority.host().to_owned())
}

fn host_of_origin(text: &str) -> Option<String> {
    text.parse::<Uri>().ok().and_then(|origin| origin.host().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(callers: Callers, name: HeaderName, value: &str) -> bool {
        callers.refuse(&HeaderMap::from_iter([(name, value.parse().unwrap())])).is_some()
    }

    #[test]
    fn only_this_machine_is_called() {
        for own in [
            "localhost",
            "localhost:4566",
            "LOCALHOST",
            "127.0.0.1:4566",
            "127.9.9.9",
            "[::1]:4566",
            "aws.localhost:80",
        ] {
            assert!(!refused(Callers::ThisMachine, HOST, own), "{own}");
        }
        for foreign in
            ["example.com", "localhost.example.com", "notlocalhost", "10.0.0.1", "a@b@c", "", "aws:4566"]
        {
            assert!(refused(Callers::ThisMachine, HOST, foreign), "{foreign}");
        }
    }

    #[test]
    fn in_a_network_a_name_without_a_dot_and_an_address_are_known() {
        for own in ["aws:4566", "10.0.0.1:4566", "localhost"] {
            assert!(!refused(Callers::Network, HOST, own), "{own}");
        }
        for foreign in ["example.com", "aws.example.com:4566"] {
            assert!(refused(Callers::Network, HOST, foreign), "{foreign}");
        }
    }

    #[test]
    fn a_page_from_elsewhere_may_not_ask() {
        for own in ["http://localhost:3000", "http://127.0.0.1", "https://shop.localhost"] {
            assert!(!refused(Callers::ThisMachine, ORIGIN, own), "{own}");
        }
        for foreign in ["http://example.com", "null", "https://localhost.example.com", "file://"] {
            assert!(refused(Callers::ThisMachine, ORIGIN, foreign), "{foreign}");
        }
    }
}
