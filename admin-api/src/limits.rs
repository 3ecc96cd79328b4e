//! How often one may ask.
//!
//! Owns: the buckets of callers and of addresses, and what a caller is told about his.
//! Does not own: who the caller is (`call_context`), from which address he comes (`origin`).
//! Always: counting asks no database; a bucket that is full again is forgotten; each process counts for itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use billing::change::Author;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// What the limit is (draft-ietf-httpapi-ratelimit-headers).
pub(crate) const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of it.
pub(crate) const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// Fewest buckets at which those that are full again are looked for.
const SWEEP_AT_LEAST: usize = 1_024;
/// Bits of an IPv6 address that name a network: whoever has one address there has all of them.
const NETWORK_BITS: u32 = 64;

/// How many requests are answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// A second, in the long run.
    pub per_second: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
}

impl Rate {
    /// Time in which one request more is earned.
    fn interval(self) -> Duration {
        Duration::from_secs(1) / self.per_second.get()
    }

    /// Time in which an empty bucket is full again.
    fn window(self) -> Duration {
        self.interval() * self.burst.get()
    }
}

/// The limits of a serving program; `None` = none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RateLimits {
    /// Requests of a user, whatever they ask.
    pub user: Option<Rate>,
    /// Requests from an address without a valid token.
    pub failures: Option<Rate>,
}

impl RateLimits {
    /// No limits, for tests and tools.
    pub const NONE: Self = Self { user: None, failures: None };
}

impl Default for RateLimits {
    fn default() -> Self {
        let rate = |per_second: u32, burst: u32| {
            Some(Rate { per_second: NonZeroU32::new(per_second)?, burst: NonZeroU32::new(burst)? })
        };
        Self { user: rate(50, 200), failures: rate(10, 50) }
    }
}

/// The buckets of a serving program.
pub(crate) struct Limits {
    users: Option<Buckets<Author>>,
    failures: Option<Buckets<IpAddr>>,
}

impl Limits {
    /// Full buckets for everybody.
    pub(crate) fn new(rates: RateLimits) -> Self {
        Self {
            users: rates.user.map(|rate| Buckets::new("user", rate)),
            failures: rates.failures.map(|rate| Buckets::new("address", rate)),
        }
    }

    /// The refusal of an address that came without a valid token too often.
    pub(crate) fn refusal_of_address(&self, address: &str) -> Option<Response> {
        let standing = self.failures.as_ref()?.look(network(address)?, Instant::now());
        standing.wait.map(|_| standing.refusal())
    }

    /// An address came without a valid token.
    pub(crate) fn failed(&self, address: &str) {
        if let (Some(failures), Some(network)) = (&self.failures, network(address)) {
            failures.take(network, Instant::now());
        }
    }

    /// A request of a user; where he stands with it.
    pub(crate) fn asked(&self, author: Author) -> Option<Standing> {
        self.users.as_ref().map(|users| users.take(author, Instant::now()))
    }
}

/// Whom an address stands for.
fn network(address: &str) -> Option<IpAddr> {
    match address.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) >> (128 - NETWORK_BITS) << (128 - NETWORK_BITS);
            Some(IpAddr::V6(Ipv6Addr::from(bits)))
        }
        address @ IpAddr::V4(_) => Some(address),
    }
}

/// Where a caller stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    name: &'static str,
    rate: Rate,
    remaining: u32,
    /// Until the bucket is full again.
    full_in: Duration,
    /// How long to wait; `None`: the request may pass.
    wait: Option<Duration>,
}

impl Standing {
    /// Whether the request may not pass.
    pub(crate) const fn is_refused(&self) -> bool {
        self.wait.is_some()
    }

    /// Tells the caller in the headers of an answer.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let (burst, window) = (self.rate.burst, seconds(self.rate.window()));
        let after = seconds(self.wait.unwrap_or(self.full_in));
        let mut put = |name: HeaderName, text: String| {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        };
        put(RATELIMIT_POLICY, format!("\"{}\";q={burst};w={window}", self.name));
        put(RATELIMIT, format!("\"{}\";r={};t={after}", self.name, self.remaining));
        if self.wait.is_some() {
            put(RETRY_AFTER, after.to_string());
        }
    }

    /// The answer to a request that may not pass.
    pub(crate) fn refusal(&self) -> Response {
        let after = seconds(self.wait.unwrap_or_default());
        let detail = Text::new(format!("Повторите через {after} с"), format!("Try again in {after} s"));
        let mut response = Problem::new(Code::RateLimited).because(detail).into_response();
        self.tell(response.headers_mut());
        response
    }
}

/// Whole seconds, a begun one counts.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Buckets of one kind. A bucket is the moment at which it is full again: nothing has to be filled up by a clock.
struct Buckets<K> {
    name: &'static str,
    rate: Rate,
    held: Mutex<Held<K>>,
}

struct Held<K> {
    full_at: HashMap<K, Instant>,
    sweep_at: usize,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(name: &'static str, rate: Rate) -> Self {
        Self { name, rate, held: Mutex::new(Held { full_at: HashMap::new(), sweep_at: SWEEP_AT_LEAST }) }
    }

    /// Takes one out, if there is one.
    fn take(&self, key: K, now: Instant) -> Standing {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = held.full_at.get(&key).copied().unwrap_or(now).max(now);
        let taken = full_at + self.rate.interval();
        let standing = self.standing(taken, now);
        if standing.is_refused() {
            return standing;
        }
        if held.full_at.len() >= held.sweep_at {
            held.full_at.retain(|_, full_at| *full_at > now);
            held.sweep_at = SWEEP_AT_LEAST.max(held.full_at.len() * 2);
        }
        held.full_at.insert(key, taken);
        standing
    }

    /// Where one would stand after taking one.
    fn look(&self, key: K, now: Instant) -> Standing {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = held.full_at.get(&key).copied().unwrap_or(now).max(now);
        self.standing(full_at + self.rate.interval(), now)
    }

    /// Where one stands whose bucket is full at `taken`, the request of now counted.
    fn standing(&self, taken: Instant, now: Instant) -> Standing {
        let full_in = taken.saturating_duration_since(now);
        let wait = full_in.checked_sub(self.rate.window()).filter(|wait| !wait.is_zero());
        let left = self.rate.window().saturating_sub(full_in);
        let remaining = left.as_nanos() / self.rate.interval().as_nanos().max(1);
        Standing { name: self.name, rate: self.rate, remaining: remaining as u32, full_in, wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        Rate { per_second: NonZeroU32::new(per_second).unwrap(), burst: NonZeroU32::new(burst).unwrap() }
    }

    #[test]
    fn a_burst_passes_then_one_each_interval() {
        let buckets = Buckets::new("user", rate(50, 200));
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        for left in (0..200).rev() {
            let standing = buckets.take(1, at(0));
            assert_eq!((standing.remaining, standing.wait), (left, None));
        }
        let refused = buckets.take(1, at(0));
        assert_eq!((refused.remaining, refused.wait), (0, Some(Duration::from_millis(20))));
        assert!(buckets.take(1, at(19)).is_refused(), "a refusal costs nothing");
        assert!(!buckets.take(1, at(20)).is_refused());
        assert!(buckets.take(1, at(20)).is_refused());
        assert!(!buckets.take(2, at(20)).is_refused(), "another one's bucket is his own");
        // 4 s later it is full again.
        assert_eq!(buckets.take(1, at(4_020)).remaining, 199);
    }

    #[test]
    fn looking_takes_nothing() {
        let buckets = Buckets::new("address", rate(1, 1));
        let now = Instant::now();
        for _ in 0..3 {
            assert!(!buckets.look(1, now).is_refused());
        }
        buckets.take(1, now);
        assert!(buckets.look(1, now).is_refused());
        assert!(!buckets.look(1, now + Duration::from_secs(1)).is_refused());
    }

    #[test]
    fn idle_buckets_are_forgotten() {
        let buckets = Buckets::new("address", rate(10, 50));
        let begin = Instant::now();
        for key in 0..SWEEP_AT_LEAST {
            buckets.take(key, begin);
        }
        let later = begin + Duration::from_secs(5);
        buckets.take(usize::MAX, later);
        assert_eq!(buckets.held.lock().unwrap().full_at.len(), 1);
    }

    #[test]
    fn a_refusal_says_when_to_come_again() {
        let buckets = Buckets::new("user", rate(1, 2));
        let now = Instant::now();
        let mut headers = HeaderMap::new();
        buckets.take(1, now).tell(&mut headers);
        assert_eq!(headers[RATELIMIT_POLICY], "\"user\";q=2;w=2");
        assert_eq!(headers[RATELIMIT], "\"user\";r=1;t=1");
        assert!(!headers.contains_key(RETRY_AFTER));
        buckets.take(1, now);
        let refused = buckets.take(1, now).refusal();
        assert_eq!(refused.status().as_u16(), 429);
        assert_eq!(refused.headers()[RETRY_AFTER], "1");
        assert_eq!(refused.headers()[RATELIMIT], "\"user\";r=0;t=1");
    }

    #[test]
    fn an_address_stands_for_its_network() {
        for (address, expected) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::")),
            ("", None),
        ] {
            assert_eq!(network(address), expected.map(|text| text.parse().unwrap()), "{address:?}");
        }
    }

    #[test]
    fn the_usual_limits() {
        let usual = RateLimits::default();
        assert_eq!((usual.user, usual.failures), (Some(rate(50, 200)), Some(rate(10, 50))));
    }
}
