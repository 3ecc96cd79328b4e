//! The provider of identities (OpenID Connect), by which people sign in with the account that they have already (S43).
//!
//! Owns: discovery, the address that a browser is sent to, the exchange of a code, the judgement of an ID token.
//! Does not own: who of those known there is a user here (`billing::sign_in`), what is kept on the way.
//! Always: state, nonce and PKCE; tokens signed with a public key alone; TLS by the roots of the machine, in clear to this machine alone.

use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Uri;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata,
};
use openidconnect::url::Url;
use openidconnect::{
    AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse as _,
};

use crate::language::Text;
use crate::outgoing::{self, Outgoing, OutgoingError};
use crate::problem::{Code, Problem};
use crate::tokens;

/// Longest time that the provider may take for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Minutes that what the provider says of itself is believed.
const DISCOVERED_MINUTES: i64 = 10;

/// Which claim names the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProviderClaim {
    /// The e-mail, where the provider has verified it.
    #[default]
    Email,
    /// The name that he has there, which is his login here.
    PreferredUsername,
}

impl FromStr for ProviderClaim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "email" => Ok(Self::Email),
            "preferred_username" => Ok(Self::PreferredUsername),
            _ => Err("email or preferred_username is expected".to_owned()),
        }
    }
}

/// What has to be known of a provider.
#[derive(Clone)]
pub struct ProviderOptions {
    /// Its identifier, an address under which it describes itself.
    pub issuer: String,
    /// Under which name it knows this program.
    pub client_id: String,
    /// With which secret; none for a public client.
    pub client_secret: Option<String>,
    /// Where it sends the browser back to: a page of the console, which posts state and code here.
    pub redirect_url: String,
    /// Which claim names the user.
    pub claim: ProviderClaim,
}

/// Why a provider cannot be spoken to as it is described.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProviderFault(String);

/// A provider.
pub struct Provider {
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    redirect_url: RedirectUrl,
    claim: ProviderClaim,
    transport: Transport,
    discovered: Mutex<Option<(DateTime<Utc>, CoreProviderMetadata)>>,
}

/// A sign-in that was begun. No `Debug`: it holds secrets.
pub(crate) struct Begun {
    pub(crate) authorize_url: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

/// Who somebody is, by the word of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The owner of an e-mail that it has verified.
    Email(String),
    /// The owner of a login.
    Login(String),
    /// Nobody whom it vouches for by the claim that counts here.
    Nobody,
}

impl Provider {
    /// A provider; it is not spoken to yet.
    ///
    /// # Errors
    /// An address cannot be read, or the provider would be spoken to in clear over the network.
    pub fn new(options: ProviderOptions) -> Result<Self, ProviderFault> {
        let address = |what: &str, text: &str| {
            Url::parse(text).map_err(|error| ProviderFault(format!("the {what} `{text}` is no address: {error}")))
        };
        let issuer = address("issuer", &options.issuer)?;
        address("redirect URL", &options.redirect_url)?;
        if !is_guarded(&issuer) {
            return Err(ProviderFault(format!("{issuer} is spoken to over the network, so it has to be https://")));
        }
        let transport = Transport::new(&issuer)?;
        let strange = |error: &dyn std::fmt::Display| ProviderFault(error.to_string());
        Ok(Self {
            issuer: IssuerUrl::new(options.issuer).map_err(|error| strange(&error))?,
            client_id: ClientId::new(options.client_id),
            client_secret: options.client_secret.map(ClientSecret::new),
            redirect_url: RedirectUrl::new(options.redirect_url).map_err(|error| strange(&error))?,
            claim: options.claim,
            transport,
            discovered: Mutex::new(None),
        })
    }

    /// Begins a sign-in.
    pub(crate) async fn begin(&self, now: DateTime<Utc>) -> Result<Begun, Problem> {
        let metadata = self.metadata(now).await?;
        let (state, nonce, verifier) = (tokens::random()?, tokens::random()?, tokens::random()?);
        let (csrf, expected) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let client = CoreClient::from_provider_metadata(metadata, self.client_id.clone(), self.client_secret.clone())
            .set_redirect_uri(self.redirect_url.clone());
        let (url, _, _) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || csrf, move || expected)
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Begun { authorize_url: url.to_string(), state, nonce, verifier })
    }

    /// Who somebody is who came back with a code.
    pub(crate) async fn finish(
        &self,
        code: &str,
        nonce: String,
        verifier: String,
        now: DateTime<Utc>,
    ) -> Result<Identity, Problem> {
        let metadata = self.metadata(now).await?;
        let client = CoreClient::from_provider_metadata(metadata, self.client_id.clone(), self.client_secret.clone())
            .set_redirect_uri(self.redirect_url.clone());
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(away)?;
        let answer = request.set_pkce_verifier(PkceCodeVerifier::new(verifier)).request_async(&self.transport).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(RequestTokenError::ServerResponse(refusal)) => {
                tracing::info!("the provider of identities refuses a code: {refusal}");
                return Err(Problem::new(Code::WrongCredentials));
            }
            Err(error) => return Err(away(error)),
        };
        let Some(token) = answer.id_token() else {
            tracing::warn!("the provider of identities gave no ID token");
            return Err(Problem::new(Code::WrongCredentials));
        };
        // Never by a shared secret: who knows it could write tokens himself.
        let judge = client
            .id_token_verifier()
            .set_allowed_algs([
                Algorithm::RsaSsaPkcs1V15Sha256,
                Algorithm::RsaSsaPkcs1V15Sha384,
                Algorithm::RsaSsaPkcs1V15Sha512,
                Algorithm::RsaSsaPssSha256,
                Algorithm::EcdsaP256Sha256,
                Algorithm::EcdsaP384Sha384,
            ])
            .set_time_fn(move || now);
        let nonce = Nonce::new(nonce);
        let claims = token.claims(&judge, &nonce).map_err(|error| {
            tracing::warn!("an ID token is not good: {error}");
            // Its keys may have changed: they are read anew for the next one.
            self.forget();
            Problem::new(Code::WrongCredentials)
        })?;
        let identity = match self.claim {
            ProviderClaim::Email => claims
                .email()
                .filter(|_| claims.email_verified() == Some(true))
                .map(|email| Identity::Email(email.as_str().to_owned())),
            ProviderClaim::PreferredUsername => {
                claims.preferred_username().map(|name| Identity::Login(name.as_str().to_owned()))
            }
        };
        Ok(identity.unwrap_or(Identity::Nobody))
    }

    /// What the provider says of itself.
    async fn metadata(&self, now: DateTime<Utc>) -> Result<CoreProviderMetadata, Problem> {
        let held = self.discovered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, metadata)) = held.filter(|(at, _)| now - *at < TimeDelta::minutes(DISCOVERED_MINUTES)) {
            return Ok(metadata);
        }
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.transport).await;
        let found = found.map_err(away)?;
        *self.discovered.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, found.clone()));
        Ok(found)
    }

    fn forget(&self) {
        *self.discovered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The provider does not answer, or not as the standard says.
fn away(error: impl std::error::Error + Send + Sync + 'static) -> Problem {
    tracing::warn!("the provider of identities: {:#}", anyhow::Error::from(error));
    Problem::new(Code::Unavailable).because(Text::fixed(
        "Служба входа не отвечает, попробуйте позже",
        "The provider of identities does not answer, try again later",
    ))
}

/// Whether nobody on the way can listen.
fn is_guarded(url: &Url) -> bool {
    url.as_str().parse::<Uri>().is_ok_and(|address| outgoing::is_guarded(&address))
}

/// How requests get to the provider.
struct Transport(Outgoing);

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = OutgoingError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutgoingError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.0.ask(request))
    }
}

impl Transport {
    /// A transport to an issuer. One on this machine is spoken to where no root is known, too.
    fn new(issuer: &Url) -> Result<Self, ProviderFault> {
        let outgoing = Outgoing::new(ANSWER_WITHIN, issuer.scheme() != "http");
        outgoing.map(Self).map_err(|error| ProviderFault(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_over_the_network_in_clear() {
        for (issuer, fits) in [
            ("https://id.example.ru", true),
            ("http://id.example.ru", false),
            ("http://10.0.0.1:9000", false),
            ("http://localhost.example.ru", false),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000/realms/office", true),
            ("ftp://127.0.0.1", false),
        ] {
            assert_eq!(is_guarded(&Url::parse(issuer).unwrap()), fits, "{issuer}");
        }
    }

    #[test]
    fn a_claim_is_one_of_two() {
        assert_eq!("preferred_username".parse(), Ok(ProviderClaim::PreferredUsername));
        assert!("sub".parse::<ProviderClaim>().is_err());
    }
}
