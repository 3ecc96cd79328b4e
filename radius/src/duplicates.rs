//! Requests that come again: a switch that hears nothing repeats what it has sent, byte by byte.
//!
//! Owns: which requests of the last half minute were answered how, and which are under way.
//! Does not own: when a request is answered (`server`), calls that are the same in other packets (the handler).
//! Always: a request is handed out once, until it is given up without an answer; what is remembered has a limit, beyond which new requests are not
//! taken on, because forgetting an answer early would charge a call twice.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::packet::Authenticator;

/// How long an answer is kept, from when it was given. Switches give up sooner.
pub(crate) const KEPT: Duration = Duration::from_secs(30);

/// What makes two requests the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) source: SocketAddr,
    pub(crate) identifier: u8,
    pub(crate) authenticator: Authenticator,
}

/// The requests of one port.
pub(crate) struct Duplicates {
    kept: Arc<Mutex<Kept>>,
    most: usize,
}

#[derive(Default)]
struct Kept {
    /// The answer; `None` while it is under way.
    answers: HashMap<Key, Option<Arc<[u8]>>>,
    /// When they were given, in order.
    given: VecDeque<(Instant, Key)>,
}

/// What is known of a request.
pub(crate) enum Seen {
    /// Nothing: whoever holds this answers it.
    New(UnderWay),
    /// Somebody is about to answer it.
    UnderWay,
    /// It was answered so.
    Answered(Arc<[u8]>),
    /// No more can be remembered.
    Full,
}

impl Duplicates {
    /// Remembers so many at most.
    pub(crate) fn new(most: usize) -> Self {
        Self { kept: Arc::default(), most }
    }

    /// Looks a request up, and takes it on if it is new.
    pub(crate) fn begin(&self, key: Key, now: Instant) -> Seen {
        let mut kept = self.kept.lock().expect("no panic under this lock");
        kept.forget(now);
        let is_full = kept.answers.len() >= self.most;
        match kept.answers.entry(key) {
            Entry::Occupied(known) => known.get().clone().map_or(Seen::UnderWay, Seen::Answered),
            Entry::Vacant(_) if is_full => Seen::Full,
            Entry::Vacant(place) => {
                place.insert(None);
                Seen::New(UnderWay { kept: Arc::clone(&self.kept), key, is_answered: false })
            }
        }
    }
}

impl Kept {
    fn forget(&mut self, now: Instant) {
        while let Some((given, key)) = self.given.front() {
            if now.saturating_duration_since(*given) < KEPT {
                break;
            }
            self.answers.remove(key);
            self.given.pop_front();
        }
    }
}

/// A request that is being answered. Dropped without an answer, also by a panic, it is as if it had never come.
pub(crate) struct UnderWay {
    kept: Arc<Mutex<Kept>>,
    key: Key,
    is_answered: bool,
}

impl UnderWay {
    /// Keeps the answer for those who ask again.
    pub(crate) fn answered(mut self, answer: Arc<[u8]>, now: Instant) {
        self.is_answered = true;
        let mut kept = self.kept.lock().expect("no panic under this lock");
        kept.answers.insert(self.key, Some(answer));
        kept.given.push_back((now, self.key));
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.is_answered {
            self.kept.lock().expect("no panic under this lock").answers.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(port: u16, identifier: u8, authenticator: u8) -> Key {
        Key { source: ([192, 0, 2, 7], port).into(), identifier, authenticator: [authenticator; 16] }
    }

    fn taken(duplicates: &Duplicates, key: Key, now: Instant) -> UnderWay {
        match duplicates.begin(key, now) {
            Seen::New(under_way) => under_way,
            _ => panic!("{key:?} is known"),
        }
    }

    fn word(seen: &Seen) -> &'static str {
        match seen {
            Seen::New(_) => "new",
            Seen::UnderWay => "under way",
            Seen::Answered(_) => "answered",
            Seen::Full => "full",
        }
    }

    #[test]
    fn the_same_request_is_known_for_half_a_minute() {
        let (duplicates, now) = (Duplicates::new(100), Instant::now());
        let mine = key(1, 1, 1);
        let under_way = taken(&duplicates, mine, now);
        assert_eq!(word(&duplicates.begin(mine, now)), "under way");
        for other in [key(2, 1, 1), key(1, 2, 1), key(1, 1, 2)] {
            assert_eq!(word(&duplicates.begin(other, now)), "new", "{other:?}");
        }
        let given = now + Duration::from_secs(5);
        under_way.answered(Arc::from([1, 2, 3]), given);
        let Seen::Answered(answer) = duplicates.begin(mine, given) else { panic!("it was answered") };
        assert_eq!(answer[..], [1, 2, 3]);
        let (just, late) = (given + Duration::from_millis(29_999), given + KEPT);
        assert_eq!(word(&duplicates.begin(mine, just)), "answered");
        assert_eq!(word(&duplicates.begin(mine, late)), "new");
    }

    #[test]
    fn what_is_given_up_may_come_again() {
        let (duplicates, now) = (Duplicates::new(100), Instant::now());
        drop(taken(&duplicates, key(1, 1, 1), now));
        let under_way = taken(&duplicates, key(1, 1, 1), now);
        let gone = std::thread::spawn(move || {
            let _under_way = under_way;
            std::panic::resume_unwind(Box::new("the handler broke"));
        });
        assert!(gone.join().is_err());
        assert_eq!(word(&duplicates.begin(key(1, 1, 1), now)), "new");
    }

    #[test]
    fn beyond_the_most_nothing_new_is_taken_on_and_nothing_forgotten() {
        let (duplicates, now) = (Duplicates::new(2), Instant::now());
        taken(&duplicates, key(1, 1, 1), now).answered(Arc::from([1]), now);
        let second = taken(&duplicates, key(2, 1, 1), now);
        assert_eq!(word(&duplicates.begin(key(3, 1, 1), now)), "full");
        assert_eq!(word(&duplicates.begin(key(1, 1, 1), now)), "answered");
        assert_eq!(word(&duplicates.begin(key(3, 1, 1), now + KEPT)), "new");
        drop(second);
    }
}
