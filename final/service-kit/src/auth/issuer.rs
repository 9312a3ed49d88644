//! An issuer of tokens for tests and for a desk. Its key is made when it starts, and ends with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::crypto;

/// The only key that it has.
const KEY_ID: &str = "local";

/// Makes tokens, and says with which key they can be verified.
#[derive(Debug)]
pub struct LocalIssuer {
    key: EncodingKey,
    jwks: String,
}

/// The random numbers of the machine, or the key made of them, cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key could be made for the local issuer")]
pub struct NoKey;

impl LocalIssuer {
    /// What its tokens name as their issuer.
    pub const ISSUER: &str = "http://issuer.localhost";
    /// For whom they are.
    pub const AUDIENCE: &str = "shop";

    /// An issuer with a key of its own.
    ///
    /// # Errors
    /// [`NoKey`] when the machine has no random numbers.
    pub fn new() -> Result<Self, NoKey> {
        crypto::install();
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| NoKey)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).map_err(|_| NoKey)?;
        // An uncompressed point: 4, x and y.
        let Some((x, y)) = pair.public_key().as_ref().get(1..).and_then(|point| point.split_at_checked(32))
        else {
            return Err(NoKey);
        };
        let key = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY_ID,
            "x": BASE64.encode(x), "y": BASE64.encode(y)});
        let jwks = json!({"keys": [key]}).to_string();
        Ok(Self { key: EncodingKey::from_ec_der(document.as_ref()), jwks })
    }

    /// Its keys, as a JSON Web Key Set: for `JWT_JWKS`.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// A token with these scopes, for an hour.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn token(&self, scopes: &str) -> jsonwebtoken::errors::Result<String> {
        let now = get_current_timestamp();
        self.sign(&json!({
            "iss": Self::ISSUER, "aud": Self::AUDIENCE, "sub": "desk", "scope": scopes,
            "iat": now, "exp": now + 3_600,
        }))
    }

    /// A token with these claims, whatever they are.
    ///
    /// # Errors
    /// When they cannot be signed, which nothing in them can bring about.
    pub fn sign(&self, claims: &Value) -> jsonwebtoken::errors::Result<String> {
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.key)
    }
}
