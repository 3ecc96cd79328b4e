//! Sign-in through a provider of identities (S43): a small one of this test's own.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use admin_api::{Provider, ProviderClaim, ProviderOptions, Rate, RateLimits};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::{SetClock, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::api::Api;
use crate::sign_in::{ask, hired, morning, said};

/// What the provider will say next.
struct Said {
    /// Claims of the ID token, the whole of them.
    claims: Value,
    /// The challenge that it was shown.
    challenge: String,
    /// By a key that is not in its set.
    forged: bool,
}

/// A provider that knows one code, `good`.
struct OpenId {
    issuer: String,
    said: Mutex<Said>,
}

impl OpenId {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let said = Said { claims: Value::Null, challenge: String::new(), forged: false };
        let provider = Arc::new(Self { issuer, said: Mutex::new(said) });
        let served = Arc::clone(&provider);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(Arc::clone(&served), stream));
            }
        });
        provider
    }

    /// It, as the program knows it.
    fn known(&self) -> Provider {
        let options = ProviderOptions {
            issuer: self.issuer.clone(),
            client_id: "tollgate".into(),
            client_secret: Some("secret".into()),
            redirect_url: "https://billing.example.ru/signed-in".into(),
            claim: ProviderClaim::Email,
        };
        Provider::new(options).unwrap()
    }

    fn body(&self, head: &str, form: &str) -> (u16, Value) {
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        match path {
            "/.well-known/openid-configuration" => (
                200,
                json!({
                    "issuer": self.issuer, "authorization_endpoint": format!("{}/authorize", self.issuer),
                    "token_endpoint": format!("{}/token", self.issuer), "jwks_uri": format!("{}/keys", self.issuer),
                    "response_types_supported": ["code"], "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["ES256"]
                }),
            ),
            "/keys" => {
                let point = key(false).verifying_key().to_encoded_point(false);
                let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]);
                let key = json!({
                    "kty": "EC", "use": "sig", "alg": "ES256", "kid": "k1", "crv": "P-256", "x": part(1..33), "y": part(33..65)
                });
                (200, json!({"keys": [key]}))
            }
            "/token" => {
                let field = |name: &str| {
                    let mut fields = form.split('&').filter_map(|field| field.split_once('='));
                    fields.find(|(key, _)| *key == name).map(|(_, value)| value).unwrap_or_default()
                };
                let said = self.said.lock().unwrap();
                let shown = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
                if field("code") != "good" || shown != said.challenge {
                    return (400, json!({"error": "invalid_grant"}));
                }
                let token = signed(&said.claims, &key(said.forged));
                (200, json!({"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": token}))
            }
            _ => (404, json!({})),
        }
    }
}

fn key(forged: bool) -> SigningKey {
    SigningKey::from_slice(&[if forged { 8 } else { 7 }; 32]).unwrap()
}

fn signed(claims: &Value, key: &SigningKey) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({"alg": "ES256", "kid": "k1", "typ": "JWT"})), part(claims));
    let signature: Signature = key.sign(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

async fn answer(provider: Arc<OpenId>, mut stream: TcpStream) {
    let mut request = Vec::new();
    let (head, form) = loop {
        let mut part = [0; 4_096];
        let read = stream.read(&mut part).await.unwrap_or_default();
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, form)) = text.split_once("\r\n\r\n") else {
            if read == 0 {
                return;
            }
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if read == 0 || form.len() >= length.unwrap_or_default() {
            break (head.to_owned(), form.to_owned());
        }
    };
    let (status, body) = provider.body(&head, &form);
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
}

/// A parameter of an address; what stands in ours needs no decoding.
fn parameter(address: &str, name: &str) -> String {
    let (_, query) = address.split_once('?').unwrap();
    let mut fields = query.split('&').filter_map(|field| field.split_once('='));
    fields.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
}

/// S43: who is known there signs in with his account there; who is no user here is told so; and no token is good that is not meant for this sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_with_the_account_that_they_have() {
    let world = World::new(1).await;
    let clock = morning();
    let openid = OpenId::start().await;
    let provider = openid.known();
    let api =
        Api::serve_with(&world, Arc::clone(&clock) as Arc<dyn Clock>, |state| state.with_provider(provider)).await;
    for login in ["petrova", "leaver"] {
        hired(&api, login).await;
    }
    let left = Some(json!({"reason": "left"}));
    assert_eq!(api.ask("POST", "/v1/staff/leaver/block", "admin", &[], left).await.status, 200);
    let now = clock.now().timestamp();
    let claims = |change: Value| {
        let mut claims = json!({
            "iss": openid.issuer, "aud": "tollgate", "sub": "17", "iat": now, "exp": now + 300,
            "email": "Petrova@Example.ru", "email_verified": true
        });
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        claims
    };
    let mut session = None;
    for (change, code, forged, expected) in [
        (json!({}), "good", false, (201, "")),
        (json!({"email": "leaver@example.ru"}), "good", false, (403, "not_employed")),
        (json!({"email": "nobody@example.ru"}), "good", false, (403, "not_employed")),
        (json!({"email_verified": false}), "good", false, (403, "not_employed")),
        (json!({"nonce": "of another sign-in"}), "good", false, (401, "wrong_credentials")),
        (json!({"aud": "somebody else"}), "good", false, (401, "wrong_credentials")),
        (json!({"iss": "https://id.example.ru"}), "good", false, (401, "wrong_credentials")),
        (json!({"exp": now}), "good", false, (401, "wrong_credentials")),
        (json!({}), "bad", false, (401, "wrong_credentials")),
        (json!({}), "good", true, (401, "wrong_credentials")),
    ] {
        let begun = api.get("/v1/session/oidc", "").await;
        assert_eq!(begun.status, 200, "{}", begun.body);
        let address = begun.body["authorize_url"].as_str().unwrap();
        let state = begun.body["state"].as_str().unwrap();
        assert_eq!(
            (parameter(address, "state").as_str(), parameter(address, "response_type").as_str()),
            (state, "code")
        );
        assert_eq!(parameter(address, "code_challenge_method"), "S256");
        let mut token = claims(json!({"nonce": parameter(address, "nonce")}));
        token.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        *openid.said.lock().unwrap() = Said { claims: token, challenge: parameter(address, "code_challenge"), forged };
        let arrival = || Some(json!({"state": state, "code": code}));
        let answer = api.ask("POST", "/v1/session/oidc", "", &[], arrival()).await;
        assert_eq!(said(&answer), expected, "{change} {code}: {}", answer.body);
        if expected.0 == 201 {
            let again = api.ask("POST", "/v1/session/oidc", "", &[], arrival()).await;
            assert_eq!(said(&again), (401, "wrong_credentials"), "a state is good once");
            session = answer.body["token"].as_str().map(str::to_owned);
        }
    }
    let session = session.unwrap();
    assert_eq!(ask(&api, &session, "GET", "/v1/me", None).await.body["login"], "petrova");
    let list = ask(&api, &session, "GET", "/v1/me/sessions", None).await;
    assert_eq!(list.body["items"][0]["way"], "provider", "{}", list.body);
    let audit = api.get("/v1/audit/session/unknown", "admin").await;
    assert!(audit.text.contains("not_employed") && !audit.text.contains("nobody@"), "{}", audit.text);
    world.drop().await;
}

/// Every sign-in that is begun keeps a row, so a stranger begins as many as he may ask without a token, and none while he waits for his wrong guesses.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_do_not_begin_for_ever() {
    let world = World::new(1).await;
    let morning: DateTime<Utc> = "2026-07-01T10:00:00Z".parse().unwrap();
    let clock = SetClock::at(morning);
    let openid = OpenId::start().await;
    let state = Api::state(&world, clock.clone()).await.with_provider(openid.known());
    let three_at_once = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(3).unwrap() };
    let rates = RateLimits { user: None, failures: Some(three_at_once) };
    let limited = Api::serve_state(state.clone().limited(rates)).await;
    let api = Api::serve_state(state).await;
    let rows = async |expected: usize| {
        let check = format!("DO $$ BEGIN ASSERT (SELECT count(*) FROM provider_sign_in) = {expected}; END $$");
        world.store.run_past_the_rooms(&check).await.unwrap();
    };

    let (mut begun, mut refused) = (0, None);
    // At 1/s a slow machine earns a few.
    while refused.is_none() && begun < 60 {
        let answer = limited.get("/v1/session/oidc", "").await;
        if answer.status == 200 {
            begun += 1;
        } else {
            refused = Some(answer);
        }
    }
    let refused = refused.unwrap();
    assert_eq!(said(&refused), (429, "rate_limited"), "{}", refused.body);
    assert!(refused.head.contains("retry-after: 1") && refused.head.contains("\"address\""), "{}", refused.head);
    assert!(begun >= 3, "{begun}");
    rows(begun).await;

    let two = Some(json!({"value": "2", "reason": "test"}));
    assert_eq!(api.ask("PUT", "/v1/settings/signin.address_attempts", "admin", &[], two).await.status, 200);
    api.refresh().await;
    for _ in 0..2 {
        let arrival = Some(json!({"state": "of nobody", "code": "good"}));
        let wrong = api.ask("POST", "/v1/session/oidc", "", &[], arrival).await;
        assert_eq!(said(&wrong), (401, "wrong_credentials"), "{}", wrong.body);
    }
    let waits = api.get("/v1/session/oidc", "").await;
    assert_eq!(said(&waits), (429, "too_many_attempts"), "{}", waits.body);
    assert!(waits.head.contains("retry-after: 30"), "{}", waits.head);
    rows(begun).await;
    clock.set(morning + TimeDelta::seconds(31));
    let again = api.get("/v1/session/oidc", "").await;
    assert_eq!(said(&again), (200, ""), "{}", again.body);
    rows(begun + 1).await;
    world.drop().await;
}
