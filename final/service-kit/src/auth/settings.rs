//! Whether tokens are asked for, and whose are believed.

use std::io::Read as _;
use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;

use crate::settings::{Environment, Mode, Reported};

/// The most bytes of a key set that are read. It has a few keys of less than a kilobyte each.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// `AUTH`: `jwt` or `off`. It may be left out where the service listens on the loopback address only, and is
/// then `off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthSettings {
    /// Whoever reaches the service may call.
    Off,
    /// Each call needs a token.
    Jwt(TokenSettings),
}

/// Whose tokens are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// `JWT_ISSUER`: what a token must name as its issuer.
    pub issuer: String,
    /// `JWT_AUDIENCE`: what it must name as its audience, or among its audiences.
    pub audience: String,
    /// Where the keys come from.
    pub keys: KeySource,
}

/// Where the keys of the issuer come from, as a JSON Web Key Set: one of three settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// `JWT_JWKS`, the set itself, or what stood in the file `JWT_JWKS_FILE` at the start.
    Text(String),
    /// `JWT_JWKS_URL`: fetched when it is needed, and kept for ten minutes.
    Url(Uri),
}

impl AuthSettings {
    /// Reads them all.
    ///
    /// # Errors
    /// [`Reported`]; the complaints come out of [`Environment::finish`].
    pub fn read(env: &mut Environment) -> Result<Self, Reported> {
        match env.maybe("AUTH")?.as_deref() {
            Some("off") => Ok(Self::Off),
            Some("jwt") => TokenSettings::read(env).map(Self::Jwt),
            None if listens_to_itself(env)? => Ok(Self::Off),
            None => Err(env.reject(
                "AUTH",
                "is missing, and others than this machine may call; set it to jwt, or to off where something \
                 in front of the service keeps strangers out",
            )),
            Some(_) => Err(env.reject("AUTH", "is neither jwt nor off; set it to one of them")),
        }
    }
}

/// As [`listen_address`](crate::settings::listen_address) has it, which complains of what is malformed.
fn listens_to_itself(env: &mut Environment) -> Result<bool, Reported> {
    let is_desk = |name: String| Mode::from_name(&name) == Mode::Development;
    let at_desk = env.maybe("ENVIRONMENT")?.is_none_or(is_desk);
    let host = env.maybe("HOST")?;
    Ok(host.map_or(at_desk, |host| host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())))
}

impl TokenSettings {
    fn read(env: &mut Environment) -> Result<Self, Reported> {
        let issuer =
            env.required("JWT_ISSUER", "what tokens name as their issuer, such as https://id.example.org");
        let audience = env.required("JWT_AUDIENCE", "what tokens name as their audience");
        let keys = KeySource::read(env);
        Ok(Self { issuer: issuer?, audience: audience?, keys: keys? })
    }
}

/// No more than a set of keys can have.
fn text_of(file: &str) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(file)?.take(MAX_BYTES as u64).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

impl KeySource {
    fn read(env: &mut Environment) -> Result<Self, Reported> {
        let (text, file, url) =
            (env.maybe("JWT_JWKS"), env.maybe("JWT_JWKS_FILE"), env.maybe("JWT_JWKS_URL"));
        match (text?, file?, url?) {
            (Some(text), None, None) => Ok(Self::Text(text)),
            (None, Some(file), None) => {
                match text_of(&file) {
                    Ok(text) => Ok(Self::Text(text)),
                    Err(error) => Err(env
                        .reject("JWT_JWKS_FILE", format_args!("names a file that cannot be read ({error})"))),
                }
            }
            (None, None, Some(url)) => Self::url(&url).map_err(|problem| env.reject("JWT_JWKS_URL", problem)),
            _ => Err(env.reject(
                "JWT_JWKS",
                "is missing, or there are several; set one of JWT_JWKS, JWT_JWKS_FILE and JWT_JWKS_URL",
            )),
        }
    }

    /// Whoever can change the keys on their way can make tokens: plain HTTP is for the machine itself.
    fn url(text: &str) -> Result<Self, &'static str> {
        let uri: Uri = text.parse().map_err(|_| "is no URL; set it to one that begins with https://")?;
        let here = uri.host().is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"));
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => Ok(Self::Url(uri)),
            Some(scheme) if *scheme == Scheme::HTTP && here => Ok(Self::Url(uri)),
            _ => Err("could be changed on its way; begin it with https://"),
        }
    }
}
