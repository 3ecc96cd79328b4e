//! A gateway that is spoken to over HTTP.
//!
//! Owns: requests and the first look at their answers.
//! Does not own: the words (`wire`), signatures (`signature`), connections (`crate::outgoing`).
//! Always: what was not answered, or not by the gateway, may have happened.

use std::time::Duration;

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderName, Method, Request, Uri};
use billing::autopayments::{Charge, Heard};
use billing::credit::autopay::Answer;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::signature::{GatewaySecret, SIGNATURE, Voice};
use super::wire::{LinkSaid, PaymentSaid, heard, sum};
use super::{Gateway, GatewayFault};
use crate::outgoing::{Outgoing, is_guarded};

/// How long an answer of the gateway may take: less than the time after which an attempt is asked about.
pub const GATEWAY_WITHIN: Duration = Duration::from_secs(20);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const JSON: &str = "application/json";

/// A gateway over HTTP.
pub struct HttpGateway {
    secret: GatewaySecret,
    outgoing: Outgoing,
}

impl HttpGateway {
    /// A gateway with this secret, whose answers come within that time; it is not spoken to yet.
    ///
    /// # Errors
    /// No TLS on this machine.
    pub fn new(secret: GatewaySecret, within: Duration) -> Result<Self, GatewayFault> {
        let outgoing = Outgoing::new(within, false).map_err(|error| GatewayFault::NoWay(error.to_string()))?;
        Ok(Self { secret, outgoing })
    }

    /// Asks; the body of the answer, once it is known to be the gateway's.
    async fn ask(
        &self,
        url: &str,
        (method, path): (Method, &str),
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Vec<u8>, GatewayFault> {
        let about = format!("{method} {path}");
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", url.trim_end_matches('/')))
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, JSON)
            .header(SIGNATURE, self.secret.sign(Voice::Request, &about, &body));
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        let request = request.body(body).map_err(|error| GatewayFault::NoWay(error.to_string()))?;
        let answer = self.outgoing.ask(request).await.map_err(|error| GatewayFault::Away(error.to_string()))?;
        let signature = answer.headers().get(SIGNATURE).and_then(|value| value.to_str().ok());
        if !signature.is_some_and(|text| self.secret.fits(Voice::Answer, &about, answer.body(), text)) {
            return Err(GatewayFault::Unsigned);
        }
        Ok(answer.into_body())
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, GatewayFault> {
    serde_json::from_slice(body).map_err(|error| GatewayFault::Strange(error.to_string()))
}

/// What is heard of the attempt with this key.
fn of_payment(said: Result<Vec<u8>, GatewayFault>, key: &str) -> Heard {
    let said = said.and_then(|body| read::<PaymentSaid>(&body));
    match said {
        Ok(said) if said.id == key => heard(&said.state, said.amount.as_deref(), said.currency.as_deref()),
        Ok(_) => {
            tracing::warn!(key, "the payment gateway speaks of another payment than it was asked about");
            Heard::of(Answer::Unknown)
        }
        Err(fault) => {
            tracing::warn!(key, "an attempt is in doubt: {fault}");
            Heard::of(match fault {
                GatewayFault::Away(_) | GatewayFault::NoWay(_) => Answer::Timeout,
                GatewayFault::Unsigned | GatewayFault::Strange(_) => Answer::Unknown,
            })
        }
    }
}

impl Gateway for HttpGateway {
    fn charge<'a>(&'a self, url: &'a str, charge: &'a Charge) -> BoxFuture<'a, Heard> {
        async move {
            let body = json!({
                "id": charge.key, "card": charge.token, "amount": sum(charge.amount), "currency": charge.currency, "account": charge.account,
            });
            let said = self.ask(url, (Method::POST, "/payments"), Some(&charge.key), Some(&body)).await;
            of_payment(said, &charge.key)
        }
        .boxed()
    }

    fn state<'a>(&'a self, url: &'a str, key: &'a str) -> BoxFuture<'a, Heard> {
        async move {
            let path = format!("/payments/{key}");
            of_payment(self.ask(url, (Method::GET, &path), None, None).await, key)
        }
        .boxed()
    }

    fn link_page<'a>(
        &'a self,
        url: &'a str,
        link: &'a str,
        client: &'a str,
    ) -> BoxFuture<'a, Result<String, GatewayFault>> {
        async move {
            let body = json!({"id": link, "client": client});
            let said: LinkSaid = read(&self.ask(url, (Method::POST, "/cards/links"), None, Some(&body)).await?)?;
            let is_good = said.id == link && said.url.parse::<Uri>().is_ok_and(|page| is_guarded(&page));
            if is_good { Ok(said.url) } else { Err(GatewayFault::Strange("no page of this link".to_owned())) }
        }
        .boxed()
    }

    fn forget<'a>(&'a self, url: &'a str, token: &'a str) -> BoxFuture<'a, Result<(), GatewayFault>> {
        async move {
            let said: Value =
                read(&self.ask(url, (Method::POST, "/cards/unlink"), None, Some(&json!({"card": token}))).await?)?;
            if said["state"] == "unlinked" {
                Ok(())
            } else {
                Err(GatewayFault::Strange("the card is not unlinked".to_owned()))
            }
        }
        .boxed()
    }

    fn is_its_word(&self, body: &[u8], signature: &str) -> bool {
        self.secret.fits(Voice::Callback, "", body, signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_its_answer_is_a_doubt() {
        let body = |id: &str, state: &str| Ok(json!({"id": id, "state": state, "more": 1}).to_string().into_bytes());
        for (said, expected) in [
            (body("k", "soft_decline"), Answer::SoftDecline),
            (body("other", "paid"), Answer::Unknown),
            (Ok(b"<html>".to_vec()), Answer::Unknown),
            (Ok(b"{}".to_vec()), Answer::Unknown),
            (Err(GatewayFault::Unsigned), Answer::Unknown),
            (Err(GatewayFault::Away("late".to_owned())), Answer::Timeout),
        ] {
            assert_eq!(of_payment(said, "k"), Heard::of(expected));
        }
    }
}
