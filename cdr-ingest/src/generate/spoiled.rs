//! Records with something wrong: bad numbers, bad times, damaged bytes.
//!
//! **Owns:** what is wrong with them, and the damage to the bytes. **Does not own:** sound calls (`calls`, `special`).
//! **Always:** exactly one thing is wrong with each; no record holds a line break, so that a file of one record a line works.

use super::call::{Call, Service};
use super::calls::Draw;
use super::rng::Rng;

const DAY_MS: i64 = 86_400_000;
const YEAR_1970_MS: i64 = 12 * 3_600_000;
const YEAR_2099_MS: i64 = 4_083_000_000_000;

/// How the bytes of a record are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// Cut off before its last third, where a reader of CSV might still find all fields.
    Truncated,
    /// A NUL byte.
    Nul,
    /// A byte that is no UTF-8.
    NotUtf8,
    /// Nothing at all.
    Empty,
    /// Noise.
    Noise,
    /// From a source that nobody configured.
    UnknownSource,
    /// A duration of 64 digits.
    HugeDuration,
}

impl Damage {
    pub(super) fn any(rng: &mut Rng) -> Self {
        let weights = [30, 12, 12, 2, 16, 12, 6];
        let kinds = [
            Self::Truncated,
            Self::Nul,
            Self::NotUtf8,
            Self::Empty,
            Self::Noise,
            Self::UnknownSource,
            Self::HugeDuration,
        ];
        kinds[rng.weighted(weights.into_iter())]
    }

    /// Damages `payload`.
    pub(super) fn inflict(self, payload: &mut Vec<u8>, rng: &mut Rng) {
        match self {
            Self::Truncated => {
                payload.truncate(payload.len() * (10 + rng.index(50)) / 100);
            }
            Self::Nul => put(payload, r#","dst":"#, b"\0", rng.chance(1, 2)),
            Self::NotUtf8 => put(payload, r#","dst":"#, b"\xff\xc3", true),
            Self::Empty => payload.clear(),
            Self::Noise => {
                // Neither a brace nor a quotation mark first, and no line break anywhere.
                let byte = |rng: &mut Rng| u8::try_from(128 + rng.below(128)).unwrap_or(128);
                *payload = (0..=rng.index(300)).map(|_| byte(rng)).collect();
            }
            Self::UnknownSource => replace_value(payload, r#""source":"#, r#""sbc-99""#),
            Self::HugeDuration => replace_value(payload, r#""billable_ms":"#, &"9".repeat(64)),
        }
    }
}

fn find(payload: &[u8], field: &str) -> Option<usize> {
    payload.windows(field.len()).position(|window| window == field.as_bytes())
}

/// Puts bytes into the value of a field, or between two fields.
fn put(payload: &mut Vec<u8>, field: &str, bytes: &[u8], inside: bool) {
    let at = find(payload, field).map_or(0, |at| if inside { at + field.len() + 2 } else { at + 1 });
    payload.splice(at..at, bytes.iter().copied());
}

fn replace_value(payload: &mut Vec<u8>, field: &str, value: &str) {
    let Some(start) = find(payload, field).map(|at| at + field.len()) else {
        return payload.truncate(payload.len() / 2);
    };
    let end = payload[start..]
        .iter()
        .position(|byte| *byte == b',' || *byte == b'}')
        .map_or(payload.len(), |length| start + length);
    payload.splice(start..end, value.bytes());
}

impl<'a> Draw<'_, 'a> {
    /// A sound canonical call to a number outside.
    pub(super) fn plain(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.canonical(Service::Outgoing, end_ms);
        let account = self.caller(false);
        self.identify(&mut call, account);
        self.send(&mut call, account);
        call
    }

    pub(super) fn bad_number(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.plain(end_ms);
        let digits = |count: usize, rng: &mut Rng| format!("7{}", rng.digits(count - 1));
        call.dst = match self.rng.below(6) {
            0 => digits(16, &mut self.rng),
            1 => format!("7495ABC{}", self.rng.digits(4)),
            2 => format!("9{}", self.rng.digits(2)),
            3 => digits(64, &mut self.rng),
            4 => format!("+0{}", self.rng.digits(9)),
            _ => {
                // The payer would have to be found by a number that is none.
                (call.account, call.trunk_in) = (None, None);
                ["anonymous", "101", "sip:alice"][self.rng.index(3)].clone_into(&mut call.src);
                return call;
            }
        };
        call
    }

    pub(super) fn bad_times(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.plain(end_ms);
        self.answer(&mut call);
        let answer = call.answer_ms.unwrap_or(end_ms);
        match self.rng.below(4) {
            0 => (call.end_ms, call.billable_ms) = (answer - self.rng.between(1_000, 90_000), None),
            1 => call.setup_ms = answer + self.rng.between(1, 500),
            2 => call.billable_ms = Some(end_ms - answer + self.rng.between(2_001, 3_600_000)),
            _ => call.billable_ms = Some(-self.rng.between(1, 60_000)),
        }
        call
    }

    pub(super) fn out_of_range(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.plain(end_ms);
        let to = match self.rng.below(3) {
            0 => YEAR_1970_MS,
            1 => YEAR_2099_MS,
            _ => end_ms - 800 * DAY_MS,
        };
        let by = to - call.end_ms;
        for time in [&mut call.setup_ms, &mut call.end_ms].into_iter().chain(call.answer_ms.as_mut()) {
            *time += by;
        }
        call
    }
}
