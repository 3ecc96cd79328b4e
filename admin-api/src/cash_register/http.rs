//! A service of cash registers that is spoken to over HTTP.
//!
//! Owns: login, password and token, requests.
//! Does not own: the words (`wire`), connections (`crate::outgoing`).
//! Always: the secrets go to the one address that was given together with them; a token that is refused is asked for anew, once; what was not answered may have
//! happened.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use billing::receipts::{Heard, Slip};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::{CashRegister, CashRegisterFault, wire};
use crate::outgoing::{Outgoing, is_guarded};

/// How long an answer may take: ten receipts in a row that are not answered take less time than the first of them is left to who took it up.
pub const CASH_REGISTER_WITHIN: Duration = Duration::from_secs(20);

const TOKEN: HeaderName = HeaderName::from_static("token");
const JSON: &str = "application/json; charset=utf-8";

/// Where a service is, and who one is there.
#[derive(Clone)]
pub struct CashRegisterLogin {
    /// Its address.
    pub url: String,
    /// Login.
    pub login: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for CashRegisterLogin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CashRegisterLogin({}, ..)", self.url)
    }
}

/// Why there is no answer.
enum NoAnswer {
    /// The service may have been asked.
    InDoubt(String),
    /// It was not.
    NotAsked(String),
}

impl From<NoAnswer> for Heard {
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::InDoubt(words) => Self::Silent(words),
            NoAnswer::NotAsked(words) => Self::NotTaken(words),
        }
    }
}

/// A service over HTTP.
pub struct HttpCashRegister {
    account: CashRegisterLogin,
    outgoing: Outgoing,
    token: Mutex<Option<String>>,
}

impl HttpCashRegister {
    /// A service, whose answers come within that time; it is not spoken to yet.
    ///
    /// # Errors
    /// An address that is none, or is asked in clear; no TLS on this machine.
    pub fn new(account: CashRegisterLogin, within: Duration) -> Result<Self, CashRegisterFault> {
        if !account.url.parse::<Uri>().is_ok_and(|url| is_guarded(&url) && url.query().is_none()) {
            let problem = "its address has to begin with https:// (http:// on this machine) and to have no parameters";
            return Err(CashRegisterFault(problem.to_owned()));
        }
        let outgoing = Outgoing::new(within, false).map_err(|error| CashRegisterFault(error.to_string()))?;
        Ok(Self { account, outgoing, token: Mutex::new(None) })
    }

    async fn ask(
        &self,
        (method, path): (Method, &str),
        token: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Response<Vec<u8>>, NoAnswer> {
        let not_asked = |error: &dyn fmt::Display| NoAnswer::NotAsked(error.to_string());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.account.url.trim_end_matches('/')))
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, JSON);
        if let Some(token) = token {
            // Marked, so that nobody who shows headers shows it.
            let mut value = HeaderValue::from_str(token).map_err(|error| not_asked(&error))?;
            value.set_sensitive(true);
            request = request.header(TOKEN, value);
        }
        let request = request.body(body).map_err(|error| not_asked(&error))?;
        self.outgoing.ask(request).await.map_err(|error| NoAnswer::InDoubt(error.to_string()))
    }

    /// The token that is kept, or a new one. That there is none is no doubt: nothing was asked for.
    async fn token(&self) -> Result<String, NoAnswer> {
        let kept = self.kept().clone();
        if let Some(token) = kept {
            return Ok(token);
        }
        let body = json!({"login": self.account.login, "pass": self.account.password}).to_string().into_bytes();
        let answer = self.ask((Method::POST, "/getToken"), None, body).await;
        let token = match answer {
            Ok(answer) => wire::token(answer.body()),
            Err(NoAnswer::InDoubt(words) | NoAnswer::NotAsked(words)) => Err(words),
        };
        let token = token.map_err(|words| NoAnswer::NotAsked(format!("no token: {words}")))?;
        *self.kept() = Some(token.clone());
        Ok(token)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks with a token; what is refused for an old token is asked with a new one.
    async fn ask_as_known(
        &self,
        (method, path): (Method, &str),
        body: &[u8],
    ) -> Result<(StatusCode, Vec<u8>), NoAnswer> {
        let mut answer = self.ask((method.clone(), path), Some(&self.token().await?), body.to_vec()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            *self.kept() = None;
            answer = self.ask((method, path), Some(&self.token().await?), body.to_vec()).await?;
        }
        Ok((answer.status(), answer.into_body()))
    }
}

impl CashRegister for HttpCashRegister {
    fn issue<'a>(&'a self, payment_address: &'a str, slip: &'a Slip) -> BoxFuture<'a, Heard> {
        async move {
            let body = slip.contact.as_ref().and_then(|contact| wire::request(slip, contact, payment_address));
            let Some(Ok(body)) = body.map(|request| serde_json::to_vec(&request)) else {
                return Heard::Rejected { words: "the receipt cannot be written".to_owned(), again: false };
            };
            let path = format!("/{}/{}", slip.group, wire::operation(slip.kind));
            match self.ask_as_known((Method::POST, &path), &body).await {
                Ok((status, body)) => wire::of_request(status, &body),
                Err(none) => none.into(),
            }
        }
        .boxed()
    }

    fn report<'a>(&'a self, slip: &'a Slip, uuid: &'a str) -> BoxFuture<'a, Heard> {
        async move {
            let path = format!("/{}/report/{uuid}", slip.group);
            match self.ask_as_known((Method::GET, &path), &[]).await {
                Ok((status, body)) => wire::of_report(status, &body, uuid),
                Err(none) => none.into(),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_nowhere_in_clear_and_are_not_shown() {
        let account = |url: &str| CashRegisterLogin {
            url: url.to_owned(),
            login: "login".to_owned(),
            password: "password".to_owned(),
        };
        for (url, fits) in [
            ("https://online.atol.ru/possystem/v4", true),
            ("http://127.0.0.1:9200", true),
            ("http://kassa.example.ru", false),
            ("https://kassa.example.ru/?a=b", false),
            ("kassa", false),
        ] {
            assert_eq!(HttpCashRegister::new(account(url), CASH_REGISTER_WITHIN).is_ok(), fits, "{url}");
        }
        let shown = format!("{:?}", account("https://kassa.example.ru"));
        assert!(!shown.contains("password") && !shown.contains("login,"), "{shown}");
    }
}
