//! Who may post records, and how often he may be wrong.
//!
//! Owns: credentials of sources, the memory of secrets that were found right, the waiting time of addresses that were wrong.
//! Does not own: what is posted.
//! Always: an unknown name costs the caller as much time as a wrong secret; a secret that was right is known by a keyed digest in memory only, so that a
//! thousand records a second do not cost a core; who is known by it is let in whatever others at his address do.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::problem::Problem;
use super::secret;

/// Wrong secrets that an address may give before it has to wait.
const FREE_FAILURES: u32 = 5;
/// Longest wait.
const WAIT_MAX: Duration = Duration::from_mins(5);
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;
/// Failures are forgotten after so long without another.
const FORGET: Duration = Duration::from_mins(15);
/// Secrets that are compared at a time: each takes 19 MiB and a core.
const COMPARED_AT_ONCE: usize = 2;
/// Longest header that is looked at.
const HEADER_BYTES_MAX: usize = 1024;

/// What a source is known by.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Source.
    pub source: String,
    /// User name of Basic.
    pub user: String,
    /// Argon2id hash of the secret.
    pub secret_hash: String,
}

/// What a request says about its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Claim {
    /// A name and a secret.
    Basic(String, String),
    /// A secret of the source of the path.
    Bearer(String),
}

/// The door.
pub struct Door {
    known: Vec<Credentials>,
    /// Of a secret that nobody has.
    dummy: String,
    key: [u8; 32],
    right: Mutex<HashMap<String, [u8; 32]>>,
    failures: Arc<Failures>,
    comparing: Arc<Semaphore>,
}

impl Door {
    /// A door for these; `key` is random, of this process.
    pub fn new(known: Vec<Credentials>, key: [u8; 32]) -> Self {
        let (salt, _) = key.split_first_chunk::<16>().expect("32 bytes");
        let dummy = secret::hash("a secret that nobody has", salt).expect("a long secret has a hash");
        let comparing = Arc::new(Semaphore::new(COMPARED_AT_ONCE));
        Self { known, dummy, key, right: Mutex::default(), failures: Arc::default(), comparing }
    }

    /// Lets a request for `source` in, or says why not.
    ///
    /// # Errors
    /// The answer to the caller.
    pub async fn check(&self, headers: &HeaderMap, source: &str, address: IpAddr) -> Result<(), Problem> {
        let claim = claim(headers);
        let own = match &claim {
            Some(Claim::Basic(user, _)) => self.known.iter().find(|known| known.user == *user),
            Some(Claim::Bearer(_)) => self.known.iter().find(|known| known.source == source),
            None => None,
        };
        let secret = match claim {
            Some(Claim::Basic(_, secret) | Claim::Bearer(secret)) => secret,
            None => String::new(),
        };
        if let Some(own) = own
            && self.was_right(&own.source, &secret)
        {
            return self.of_path(own, source);
        }
        if let Some(wait) = self.failures.wait(address, Instant::now()) {
            return Err(Problem::throttled(wait.as_secs().max(1)));
        }
        if secret.is_empty() {
            return Err(Problem::unauthorised());
        }
        let hash = own.map_or_else(|| self.dummy.clone(), |own| own.secret_hash.clone());
        let permit = Arc::clone(&self.comparing).acquire_owned().await;
        // Others of this address were wrong while it stood in the queue.
        if let Some(wait) = self.failures.wait(address, Instant::now()) {
            return Err(Problem::throttled(wait.as_secs().max(1)));
        }
        let (tried, failures, is_known) = (secret.clone(), Arc::clone(&self.failures), own.is_some());
        let is_right = tokio::task::spawn_blocking(move || {
            // Counted before the next one is compared, also when the caller has gone.
            let _permit = permit;
            let is_right = secret::matches(&hash, &tried) && is_known;
            if !is_right {
                failures.failed(address, Instant::now());
            }
            is_right
        });
        if let (true, Some(own)) = (is_right.await.unwrap_or(false), own) {
            let digest = self.digest(&own.source, &secret);
            self.right.lock().expect("no panic under this lock").insert(own.source.clone(), digest);
            return self.of_path(own, source);
        }
        Err(Problem::unauthorised())
    }

    /// Whoever has proved who he is may know that the path is not his.
    fn of_path(&self, own: &Credentials, source: &str) -> Result<(), Problem> {
        if own.source == source {
            return Ok(());
        }
        let exists = self.known.iter().any(|known| known.source == source);
        Err(if exists { Problem::unauthorised() } else { Problem::unknown_source() })
    }

    fn digest(&self, source: &str, secret: &str) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.key).expect("any length is a key");
        mac.update(&(source.len() as u64).to_be_bytes());
        mac.update(source.as_bytes());
        mac.update(secret.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn was_right(&self, source: &str, secret: &str) -> bool {
        let digest = self.digest(source, secret);
        let right = self.right.lock().expect("no panic under this lock");
        right.get(source).is_some_and(|known| known.ct_eq(&digest).into())
    }
}

/// Wrong secrets, by address.
#[derive(Default)]
struct Failures(Mutex<HashMap<IpAddr, (u32, Instant)>>);

impl Failures {
    /// How long an address still has to wait.
    fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let failures = self.0.lock().expect("no panic under this lock");
        let (count, last) = failures.get(&address)?;
        let penalty = penalty(*count)?;
        penalty.checked_sub(now.saturating_duration_since(*last)).filter(|left| !left.is_zero())
    }

    fn failed(&self, address: IpAddr, now: Instant) {
        metrics::counter!(crate::meters::COLLECT_AUTH_FAILURES).increment(1);
        let mut failures = self.0.lock().expect("no panic under this lock");
        if failures.len() >= ADDRESSES_MAX {
            failures.retain(|_, (_, last)| now.saturating_duration_since(*last) < FORGET);
        }
        if failures.len() >= ADDRESSES_MAX
            && let Some(oldest) = failures.iter().min_by_key(|(_, (_, last))| *last).map(|(address, _)| *address)
        {
            failures.remove(&oldest);
        }
        let (count, last) = failures.entry(address).or_insert((0, now));
        if now.saturating_duration_since(*last) >= FORGET {
            *count = 0;
        }
        *count = count.saturating_add(1);
        *last = now;
    }
}

/// How long who was wrong so often has to wait.
fn penalty(failures: u32) -> Option<Duration> {
    let beyond = failures.checked_sub(FREE_FAILURES)?;
    Some(Duration::from_secs(1 << beyond.min(9)).min(WAIT_MAX))
}

fn claim(headers: &HeaderMap) -> Option<Claim> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    if rest.is_empty() || rest.len() > HEADER_BYTES_MAX {
        return None;
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Claim::Bearer(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (user, secret) = text.split_once(':')?;
    Some(Claim::Basic(user.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, StatusCode};

    use super::*;

    fn headers(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !text.is_empty() {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(text).unwrap());
        }
        headers
    }

    fn basic(user: &str, secret: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")))
    }

    fn door() -> Door {
        let credentials = |source: &str, secret: &str| Credentials {
            source: source.into(),
            user: format!("{source}-user"),
            secret_hash: secret::hash(secret, &[1; 16]).unwrap(),
        };
        Door::new(vec![credentials("one", "the first secret"), credentials("two", "the second one")], [3; 32])
    }

    #[tokio::test]
    async fn who_may_post_where() {
        for (authorization, source, expected) in [
            (basic("one-user", "the first secret"), "one", None),
            ("Bearer the first secret".into(), "one", None),
            ("bearer the second one".into(), "two", None),
            (basic("one-user", "the second one"), "one", Some(StatusCode::UNAUTHORIZED)),
            (basic("one-user", "the first secret"), "two", Some(StatusCode::UNAUTHORIZED)),
            (basic("one-user", "the first secret"), "three", Some(StatusCode::NOT_FOUND)),
            (basic("nobody", "the first secret"), "three", Some(StatusCode::UNAUTHORIZED)),
            ("Bearer the first secret".into(), "two", Some(StatusCode::UNAUTHORIZED)),
            ("Bearer the first secret".into(), "three", Some(StatusCode::UNAUTHORIZED)),
            ("Basic !".into(), "one", Some(StatusCode::UNAUTHORIZED)),
            ("Digest x".into(), "one", Some(StatusCode::UNAUTHORIZED)),
            (String::new(), "one", Some(StatusCode::UNAUTHORIZED)),
        ] {
            let found = door().check(&headers(&authorization), source, [127, 0, 0, 1].into()).await;
            assert_eq!(found.err().map(|problem| problem.status()), expected, "{authorization} {source}");
        }
    }

    #[tokio::test]
    async fn who_is_wrong_too_often_waits_and_who_is_known_does_not() {
        let door = door();
        let (here, there): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let right = headers(&basic("one-user", "the first secret"));
        door.check(&right, "one", here).await.unwrap();
        let wrong = headers(&basic("one-user", "wrong"));
        let mut statuses = Vec::new();
        for _ in 0..=FREE_FAILURES {
            statuses.push(door.check(&wrong, "one", here).await.unwrap_err().status());
        }
        assert_eq!(statuses[..5], [StatusCode::UNAUTHORIZED; 5]);
        assert_eq!(statuses[5], StatusCode::TOO_MANY_REQUESTS);
        assert!(door.check(&right, "one", here).await.is_ok(), "known by its digest");
        let other = headers(&basic("two-user", "the second one"));
        assert_eq!(door.check(&other, "two", here).await.unwrap_err().status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(door.check(&other, "two", there).await.is_ok());
        let waits: Vec<Option<u64>> = [4, 5, 6, 10, 60].map(|count| penalty(count).map(|wait| wait.as_secs())).to_vec();
        assert_eq!(waits, [None, Some(1), Some(2), Some(32), Some(300)]);
    }

    /// A thousand guesses at once are not a thousand comparisons: the queue is asked again at its head.
    #[tokio::test(flavor = "multi_thread")]
    async fn guesses_at_once_are_throttled_too() {
        let door = Arc::new(door());
        let here: IpAddr = [10, 0, 0, 3].into();
        let guesses: Vec<_> = (0..40)
            .map(|number| {
                let door = Arc::clone(&door);
                tokio::spawn(async move {
                    let wrong = headers(&basic("one-user", &format!("wrong {number}")));
                    door.check(&wrong, "one", here).await.unwrap_err().status()
                })
            })
            .collect();
        let mut compared = 0;
        for guess in guesses {
            compared += usize::from(guess.await.unwrap() == StatusCode::UNAUTHORIZED);
        }
        // Two are compared at a time: one more may be under way when the last free one fails.
        let free = FREE_FAILURES as usize;
        assert!((free..=free + COMPARED_AT_ONCE).contains(&compared), "{compared} were compared");
    }
}
