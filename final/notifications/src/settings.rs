//! What the service is told.

use std::{fmt, str::FromStr, time::Duration};

use service::MessagingSettings;
use service_kit::{BaseSettings, Environment, Mode, Reported};

/// The variable that names the service's table.
pub const TABLE_VARIABLE: &str = "DYNAMODB_NOTIFICATIONS_TABLE_NAME";

/// How often it is looked for mails that are due, in seconds: eight queries each time, and none that costs
/// more than half a read unit while nothing waits.
pub const DEFAULT_CHECK_SECONDS: u32 = 10;

/// What becomes of a mail when a provider without keys was asked to send it and nobody heard the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InDoubt {
    /// It is sent again: the customer has it once, or perhaps twice. Told as a warning. For mails without
    /// which somebody would be lost.
    #[default]
    Send,
    /// It stays, and a person is asked: the customer has it once, or perhaps not, until somebody has found
    /// out. Told as an error. For mails that do damage when they come twice.
    Ask,
}

/// A text is no way out of a doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither send nor ask")]
pub struct NotInDoubt;

impl FromStr for InDoubt {
    type Err = NotInDoubt;

    fn from_str(text: &str) -> Result<Self, NotInDoubt> {
        match text {
            "send" => Ok(Self::Send),
            "ask" => Ok(Self::Ask),
            _ => Err(NotInDoubt),
        }
    }
}

/// A provider that knows a mail again by its key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyedProvider {
    /// Where mails are posted to.
    pub url: http::Uri,
    /// By what it knows its client; sent as a bearer token.
    pub token: Option<String>,
}

/// The token is a secret, and a URL may hold one.
impl fmt::Debug for KeyedProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedProvider(..)")
    }
}

/// What the service is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What every process of the system is told.
    pub base: BaseSettings,
    /// What every service is told that consumes.
    pub messaging: MessagingSettings,
    /// `DYNAMODB_NOTIFICATIONS_TABLE_NAME`, required: the table of mails and addresses.
    pub table: String,
    /// `MAIL_FROM`: whose name is on the mails, an address that SES has verified. Required but at a desk,
    /// where it is `shop@example.com`.
    pub from: String,
    /// `MAIL_IN_DOUBT`: `send` unless set.
    pub in_doubt: InDoubt,
    /// `MAIL_CHECK_SECONDS`: how often it is looked for mails that are due, from 1 to 3,600; 10 unless set.
    /// Only a process looks; a function is called for that.
    pub check: Duration,
    /// `MAIL_PROVIDER_URL` and `MAIL_PROVIDER_TOKEN`: a provider that honours `Idempotency-Key`, instead of
    /// Amazon SES.
    pub provider: Option<KeyedProvider>,
}

impl Settings {
    /// Reads them all.
    ///
    /// # Errors
    ///
    /// [`Reported`]; the complaints come out of [`Environment::finish`].
    pub fn read(env: &mut Environment) -> Result<Self, Reported> {
        let base = BaseSettings::read(env);
        let messaging = MessagingSettings::read(env);
        let table = env.required(TABLE_VARIABLE, "the name of the service's own table");
        let at_a_desk = base.as_ref().is_ok_and(|base| base.environment == Mode::Development);
        let from = match env.maybe("MAIL_FROM") {
            Ok(None) if at_a_desk => Ok("shop@example.com".to_owned()),
            Ok(None) => env.required("MAIL_FROM", "an address that Amazon SES has verified"),
            Ok(Some(from)) if !from.contains('@') => Err(env.reject("MAIL_FROM", "is no address for mails")),
            from => from.map(Option::unwrap_or_default),
        };
        let in_doubt =
            env.parsed("MAIL_IN_DOUBT", InDoubt::default(), "send (perhaps twice) or ask (perhaps not)");
        let check = env.within("MAIL_CHECK_SECONDS", DEFAULT_CHECK_SECONDS, 1..=3_600, "a number of seconds");
        let provider = keyed_provider(env, at_a_desk);
        Ok(Self {
            base: base?,
            messaging: messaging?,
            table: table?,
            from: from?,
            in_doubt: in_doubt?,
            check: Duration::from_secs(check?.into()),
            provider: provider?,
        })
    }
}

fn keyed_provider(env: &mut Environment, at_a_desk: bool) -> Result<Option<KeyedProvider>, Reported> {
    let name = "MAIL_PROVIDER_URL";
    let (url, token) = (env.maybe(name), env.maybe("MAIL_PROVIDER_TOKEN"));
    let (Some(url), token) = (url?, token?) else { return Ok(None) };
    let url = url.parse::<http::Uri>().ok().filter(|url| url.scheme().is_some() && url.host().is_some());
    let Some(url) = url else {
        return Err(env.reject(
            name,
            "is no URL; set it to where mails are posted to, or leave it out to use Amazon SES",
        ));
    };
    if !at_a_desk && url.scheme() != Some(&http::uri::Scheme::HTTPS) {
        return Err(env.reject(name, "would send addresses unencrypted; begin it with https"));
    }
    Ok(Some(KeyedProvider { url, token }))
}

#[cfg(test)]
mod tests {
    use service_kit::SettingsError;

    use super::*;

    fn read(environment: &str, more: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let base = [
            ("ENVIRONMENT", environment),
            ("AWS_REGION", "eu-west-1"),
            ("DYNAMODB_INBOX_TABLE_NAME", "notifications-inbox"),
            (TABLE_VARIABLE, "notifications"),
        ];
        base.iter().chain(more).copied().collect::<Environment>().read(Settings::read)
    }

    #[test]
    fn a_desk_needs_no_more_than_tables_and_a_deployment_an_address() {
        let desk = read("development", &[]).unwrap();
        assert_eq!(
            (desk.from.as_str(), desk.in_doubt, desk.provider),
            ("shop@example.com", InDoubt::Send, None)
        );
        assert!(read("production", &[]).unwrap_err().to_string().contains("MAIL_FROM is missing"));
        assert!(read("production", &[("MAIL_FROM", "shop@example.com")]).is_ok());
    }

    #[test]
    fn a_doubt_has_two_ways_out_and_anything_else_is_refused() {
        let in_doubt =
            |text| read("development", &[("MAIL_IN_DOUBT", text)]).map(|settings| settings.in_doubt);
        assert_eq!((in_doubt("send"), in_doubt("ask")), (Ok(InDoubt::Send), Ok(InDoubt::Ask)));
        assert!(in_doubt("guess").unwrap_err().to_string().contains("MAIL_IN_DOUBT is malformed"));
    }

    #[test]
    fn addresses_leave_a_deployment_encrypted_or_not_at_all_and_the_token_is_not_shown() {
        let with = |environment, url| {
            let more = [
                ("MAIL_FROM", "a@example.com"),
                ("MAIL_PROVIDER_URL", url),
                ("MAIL_PROVIDER_TOKEN", "secret"),
            ];
            read(environment, &more)
        };
        assert!(
            with("production", "http://mail.example.com").unwrap_err().to_string().contains("unencrypted")
        );
        assert!(with("development", "mail").unwrap_err().to_string().contains("MAIL_PROVIDER_URL is no URL"));
        assert!(with("development", "http://127.0.0.1:1/mails").is_ok());
        let told = format!("{:?}", with("production", "https://user:secret@mail.example.com").unwrap());
        assert!(told.contains("KeyedProvider(..)") && !told.contains("secret"), "{told}");
    }
}
