//! Mails go out.
//!
//! Owns: the way to the mail server, what of its answers is final.
//! Does not own: the outbox and its retries (`billing::mail`), how a mail looks on the wire ([`message`]).
//! Always: a mail keeps its Message-ID over all attempts, so that one that arrives twice is known; addresses and texts are in no log.

mod message;

use std::sync::Arc;
use std::time::Duration;

use billing::mail::{self, Outgoing};
use billing::settings::Settings;
use billing::{Clock, Store, StoreError};
use lettre::address::Envelope;
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

/// Mails that are taken at once. Together they end before the lease of the outbox does.
const PORTION: i64 = 5;
/// How long a command of SMTP may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(30);
/// How long a mail may take in all.
const MAIL_WITHIN: Duration = Duration::from_secs(90);
/// Refusals of us, for want of a login, TLS or a good name, and not of a mail: it goes out once that is mended.
const OF_US: &[u16] = &[530, 534, 535, 538, 554];
/// How often the outbox is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why there is no way to the mail server.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The address of the server.
    #[error("the address of the mail server is not of the form smtp://user:password@host:port (smtps for TLS): {0}")]
    Url(#[source] lettre::transport::smtp::Error),
    /// The sender.
    #[error("`{0}` is no e-mail address to send from")]
    From(String),
}

/// The way to a mail server.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentMails {
    /// Mails that the server took.
    pub sent: u32,
    /// Mails that are tried again later.
    pub later: u32,
    /// Mails that were given up.
    pub failed: u32,
}

/// Why a mail was not taken.
struct Refusal {
    why: String,
    /// The same would be said again.
    permanent: bool,
}

impl Mailer {
    /// The way to the server of `url`, for mails from this address. Nothing is connected to yet.
    pub fn open(url: &str, from: &str) -> Result<Self, MailerError> {
        let from: Address = from.trim().parse().map_err(|_| MailerError::From(from.to_owned()))?;
        let name = ClientId::Domain(from.domain().to_owned());
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(MailerError::Url)?;
        let transport = builder.hello_name(name).timeout(Some(COMMAND_WITHIN)).build();
        Ok(Self { transport, from })
    }

    /// Sends a mail; its Message-ID.
    async fn send(&self, mail: &Outgoing) -> Result<String, Refusal> {
        let unfit = |why: String| Refusal { why, permanent: true };
        let to: Address = mail.to.parse().map_err(|_| unfit("the address cannot be understood".to_owned()))?;
        let envelope = Envelope::new(Some(self.from.clone()), vec![to]).map_err(|error| unfit(error.to_string()))?;
        let message_id = message::id(mail, self.from.domain());
        let bytes = message::bytes(mail, self.from.as_ref(), &message_id);
        match tokio::time::timeout(MAIL_WITHIN, self.transport.send_raw(&envelope, &bytes)).await {
            Ok(Ok(_)) => Ok(message_id),
            Ok(Err(error)) => {
                let is_of_us = error.status().is_some_and(|status| OF_US.contains(&u16::from(status)));
                Err(Refusal { permanent: error.is_permanent() && !is_of_us, why: error.to_string() })
            }
            Err(_) => Err(Refusal { why: "the server took too long".to_owned(), permanent: false }),
        }
    }
}

/// Sends what is due.
pub async fn send_mails(store: &Store, clock: &dyn Clock, mailer: &Mailer) -> Result<SentMails, StoreError> {
    let attempts_max = Settings::read(store).await?.number("mail.attempts")?;
    let mut done = SentMails::default();
    loop {
        let mails = mail::claim(store, clock.now(), PORTION).await?;
        if mails.is_empty() {
            return Ok(done);
        }
        for mail in &mails {
            match mailer.send(mail).await {
                Ok(message_id) => {
                    mail::sent(store, mail, &message_id, clock.now()).await?;
                    done.sent += 1;
                }
                Err(Refusal { why, permanent }) => {
                    tracing::warn!(mail = mail.id, attempts = mail.attempts, permanent, "a mail was not taken");
                    if mail::not_sent(store, mail, &why, (permanent, attempts_max), clock.now()).await? {
                        done.failed += 1;
                    } else {
                        done.later += 1;
                    }
                }
            }
        }
    }
}

/// Sends what is due, again and again.
pub(crate) async fn keep_sending(store: Store, clock: Arc<dyn Clock>, mailer: Arc<Mailer>) {
    loop {
        if let Err(error) = send_mails(&store, clock.as_ref(), &mailer).await {
            tracing::warn!("mails wait: {error}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_at_the_start() {
        assert!(Mailer::open("smtp://127.0.0.1:2525", "billing@example.ru").is_ok());
        assert!(matches!(Mailer::open("smtp://127.0.0.1:2525", "billing"), Err(MailerError::From(_))));
        assert!(matches!(Mailer::open("http://127.0.0.1:2525", "billing@example.ru"), Err(MailerError::Url(_))));
    }
}
