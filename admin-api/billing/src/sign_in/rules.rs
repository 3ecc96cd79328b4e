//! Which password is too weak, and how long somebody waits who guesses.
//!
//! Owns: the policy of passwords (no forced change, no rules about kinds of characters), the count of wrong guesses.
//! Does not own: what was guessed, where the count is kept.
//! Always: pure.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

/// Longest password; a longer one costs time and gains nothing.
pub const PASSWORD_BYTES_MAX: usize = 1_000;
/// Least number of different characters in a password.
const DIFFERENT_MIN: usize = 5;
/// Shortest word about a user that is looked for in his password.
const OWN_WORD_CHARS_MIN: usize = 3;
/// First wait of somebody who guessed too often; it doubles with every further wrong guess.
const WAIT_SECONDS: i64 = 30;
/// Longest wait.
const WAIT_SECONDS_MAX: i64 = 15 * 60;

/// Words that are tried first: a password that is one of them, with digits and signs around it or not, is none.
const COMMON: &[&str] = &[
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "abcdefghijkl",
    "admin",
    "administrator",
    "adminadmin",
    "asdfghjkl",
    "baseball",
    "billing",
    "changeit",
    "changeme",
    "default",
    "football",
    "iloveyou",
    "letmein",
    "letmeinplease",
    "monkey",
    "nopassword",
    "pass",
    "passphrase",
    "password",
    "passwordpassword",
    "passw0rd",
    "princess",
    "q1w2e3r4t5y6",
    "qazwsx",
    "qazwsxedc",
    "qazwsxedcrfv",
    "qweasdzxc",
    "qwerty",
    "qwertyqwerty",
    "qwertyuiop",
    "qwertyuiopasdfgh",
    "root",
    "secret",
    "sunshine",
    "superman",
    "support",
    "telephone",
    "temporary",
    "test",
    "testtest",
    "tollgate",
    "trustno",
    "welcome",
    "welcometo",
    "zaq12wsxcde3",
    "zxcvbnm",
    "администратор",
    "йцукен",
    "йцукенгшщзхъ",
    "любовь",
    "пароль",
    "парольпароль",
    "привет",
    "приветпривет",
    "фывапролджэ",
    "ячсмить",
];

/// What is wrong with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It has fewer characters than this.
    Short(i64),
    /// It has more than [`PASSWORD_BYTES_MAX`] bytes.
    Long,
    /// It is the login, the name or the e-mail.
    Own,
    /// It is among those that are tried first.
    Common,
}

/// What is wrong with a password of somebody about whom the words `own` are known; `None`: nothing.
pub fn weakness(password: &str, least: i64, own: &[&str]) -> Option<Weakness> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Some(Weakness::Long);
    }
    if (password.chars().count() as i64) < least {
        return Some(Weakness::Short(least));
    }
    let (whole, letters) = (password.to_lowercase(), letters_of(password));
    let mut words = own.iter().flat_map(|word| [Some(*word), word.split_once('@').map(|(name, _)| name)]).flatten();
    let is_own = |word: &str| {
        let key = letters_of(word);
        let long_enough = word.chars().count() >= OWN_WORD_CHARS_MIN;
        long_enough && (whole == word.to_lowercase() || (!key.is_empty() && letters == key))
    };
    if words.any(is_own) {
        return Some(Weakness::Own);
    }
    let is_common = COMMON.iter().any(|common| whole == *common || letters == *common);
    (is_common || is_monotonous(&whole)).then_some(Weakness::Common)
}

/// Its letters alone, small: digits and signs around a word do not make it another one.
fn letters_of(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

/// Few different characters, or each the next after the one before it, as in `123456789012`.
fn is_monotonous(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let mut different = characters.clone();
    different.sort_unstable();
    different.dedup();
    let follows = |pair: &[char]| {
        let step = i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
        step.abs() == 1 || matches!((pair[0], pair[1]), ('9', '0') | ('0', '9'))
    };
    different.len() < DIFFERENT_MIN || characters.windows(2).all(follows)
}

/// After how many wrong guesses within which time somebody waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) attempts: i32,
    pub(super) window: TimeDelta,
}

/// Wrong guesses so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) failures: i32,
    /// When the first of them was.
    pub(super) since: DateTime<Utc>,
    /// Until when nobody guesses.
    pub(super) waits_until: Option<DateTime<Utc>>,
}

/// The tally after one more wrong guess. A tally is forgotten a whole window after its begin, or after the end of its last wait.
pub(super) fn failed(before: Tally, limit: Limit, now: DateTime<Utc>) -> Tally {
    let forgotten = before.waits_until.unwrap_or(before.since) + limit.window <= now;
    let (failures, since) =
        if forgotten || before.failures == 0 { (1, now) } else { (before.failures.saturating_add(1), before.since) };
    let waits_until = (failures >= limit.attempts).then(|| now + wait(failures - limit.attempts));
    Tally { failures, since, waits_until }
}

/// How long somebody waits with so many wrong guesses more than are allowed.
fn wait(more: i32) -> TimeDelta {
    let doubled = WAIT_SECONDS << more.clamp(0, 10);
    TimeDelta::seconds(doubled.min(WAIT_SECONDS_MAX))
}

/// What counts as one address: of the newer kind a whole network, which one customer has to himself.
pub(super) fn network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords() {
        let own = ["ivanova", "Анна Иванова", "a.ivanova@example.ru"];
        for (password, expected) in [
            ("correct horse battery", None),
            ("гроза в начале мая", None),
            ("elevenchars", Some(Weakness::Short(12))),
            ("Ivanova-2026!", Some(Weakness::Own)),
            ("АннаИванова77", Some(Weakness::Own)),
            ("a.ivanova@example.ru", Some(Weakness::Own)),
            ("1234A.Ivanova!", Some(Weakness::Own)),
            ("Password1234!", Some(Weakness::Common)),
            ("qwerty123456", Some(Weakness::Common)),
            ("Пароль123456", Some(Weakness::Common)),
            ("1q2w3e4r5t6y", Some(Weakness::Common)),
            ("123456789012", Some(Weakness::Common)),
            ("abababababab", Some(Weakness::Common)),
            ("mnopqrstuvwx", Some(Weakness::Common)),
            ("ivanova bought three boats", None),
        ] {
            assert_eq!(weakness(password, 12, &own), expected, "{password:?}");
        }
        assert_eq!(weakness(&"aB3$".repeat(251), 12, &own), Some(Weakness::Long));
        assert_eq!(weakness("xkcd7horse", 8, &["x", ""]), None, "short words about somebody are no matter");
    }

    /// Five wrong guesses in a quarter of an hour, then 30 s, 1, 2, 4, 8, 15 and 15 minutes.
    #[test]
    fn who_guesses_waits_longer_and_longer() {
        let limit = Limit { attempts: 5, window: TimeDelta::minutes(15) };
        let mut now: DateTime<Utc> = "2026-07-01T10:00:00Z".parse().unwrap();
        let mut tally = Tally { failures: 0, since: now, waits_until: None };
        for _ in 0..4 {
            tally = failed(tally, limit, now);
            assert_eq!(tally.waits_until, None);
        }
        for seconds in [30, 60, 120, 240, 480, 900, 900] {
            tally = failed(tally, limit, now);
            assert_eq!(tally.waits_until, Some(now + TimeDelta::seconds(seconds)));
            now += TimeDelta::seconds(seconds);
        }
        // A whole window after the last wait nothing is left of it.
        let later = failed(tally, limit, now + TimeDelta::minutes(15));
        assert_eq!((later.failures, later.waits_until), (1, None));
        // Four guesses do not add up with one of the next window.
        let four = Tally { failures: 4, since: now, waits_until: None };
        assert_eq!(failed(four, limit, now + TimeDelta::minutes(15)).failures, 1);
        assert_eq!(failed(four, limit, now + TimeDelta::minutes(14)).failures, 5);
    }

    #[test]
    fn an_address_is_a_network() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("", ""),
        ] {
            assert_eq!(network(address), expected);
        }
    }
}
