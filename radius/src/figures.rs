//! What became of the datagrams, in figures, and in the log once a minute.
//!
//! Owns: the counters, and the words for what had no answer.
//! Does not own: how a program shows them (its meters), when the minute is over (`server`).
//! Always: whoever floods the server with what has no answer costs one line a minute for each reason; the line has an address and no number of a
//! subscriber.

use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The call may be made.
    Accepted,
    /// The call may not be made; those that came too late are counted too.
    Rejected,
    /// Accounting is written down.
    Acknowledged,
    /// Accounting is not written down: the handler said so.
    NotYet,
    /// A request that was here before: it had the same answer, or none yet.
    Repeated,
    /// The handler was too late.
    Late,
    /// From an address of no client.
    UnknownSource,
    /// No packet, or no request.
    Malformed,
    /// A packet that does not belong to the port.
    OutOfPlace,
    /// Signed with another secret.
    NotSigned,
    /// Without the Message-Authenticator that is asked for.
    NoMessageAuthenticator,
    /// More than are answered at a time, or remembered.
    Overloaded,
    /// An answer that does not fit into a packet, or was not sent.
    NotSent,
}

impl Event {
    /// All, in the order of their counters.
    pub const ALL: [Self; 13] = [
        Self::Accepted,
        Self::Rejected,
        Self::Acknowledged,
        Self::NotYet,
        Self::Repeated,
        Self::Late,
        Self::UnknownSource,
        Self::Malformed,
        Self::OutOfPlace,
        Self::NotSigned,
        Self::NoMessageAuthenticator,
        Self::Overloaded,
        Self::NotSent,
    ];

    /// Its name among figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Acknowledged => "acknowledged",
            Self::NotYet => "not_yet",
            Self::Repeated => "repeated",
            Self::Late => "late",
            Self::UnknownSource => "unknown_source",
            Self::Malformed => "malformed",
            Self::OutOfPlace => "out_of_place",
            Self::NotSigned => "not_signed",
            Self::NoMessageAuthenticator => "no_message_authenticator",
            Self::Overloaded => "overloaded",
            Self::NotSent => "not_sent",
        }
    }

    /// What the log says of it; nothing of what is as it should be.
    fn complaint(self) -> Option<&'static str> {
        Some(match self {
            Self::Accepted | Self::Rejected | Self::Acknowledged | Self::Repeated => return None,
            Self::NotYet => "accounting was not written down and will be told again",
            Self::Late => "requests were not decided in time",
            Self::UnknownSource => "datagrams of no client were dropped",
            Self::Malformed => "datagrams that are no request were dropped",
            Self::OutOfPlace => "packets that do not belong to their port were dropped",
            Self::NotSigned => "packets signed with another secret were dropped: does the switch have ours?",
            Self::NoMessageAuthenticator => {
                "requests without a Message-Authenticator were dropped, as the client is configured"
            }
            Self::Overloaded => "requests were dropped: too many at a time",
            Self::NotSent => "answers were not sent",
        })
    }
}

/// The counters of a server.
#[derive(Debug, Default)]
pub struct Figures {
    counts: [AtomicU64; Event::ALL.len()],
    told: Mutex<[Told; Event::ALL.len()]>,
}

/// What the log knows of an event.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// How many of it the log has told.
    count: u64,
    /// Whose the last one was.
    last: Option<IpAddr>,
}

impl Figures {
    /// How often it happened.
    pub fn count(&self, event: Event) -> u64 {
        self.counts[event as usize].load(Ordering::Relaxed)
    }

    /// It happened, with somebody at this address.
    pub(crate) fn happened(&self, event: Event, source: IpAddr) {
        self.counts[event as usize].fetch_add(1, Ordering::Relaxed);
        if event.complaint().is_some() {
            self.told.lock().expect("no panic under this lock")[event as usize].last = Some(source);
        }
    }

    /// Tells the log what it does not know yet. How many of which are told is returned.
    pub(crate) fn tell(&self) -> Vec<(Event, u64)> {
        let mut news = Vec::new();
        let mut told = self.told.lock().expect("no panic under this lock");
        for event in Event::ALL {
            let (Some(complaint), count) = (event.complaint(), self.count(event)) else { continue };
            let told = &mut told[event as usize];
            let new = count - told.count;
            if let (1.., Some(last)) = (new, told.last) {
                tracing::warn!(event = event.name(), count = new, last_source = %last, "{complaint}");
                news.push((event, new));
                told.count = count;
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_own_counter_and_name() {
        for (index, event) in Event::ALL.into_iter().enumerate() {
            assert_eq!(event as usize, index);
            assert_eq!(Event::ALL.iter().filter(|other| other.name() == event.name()).count(), 1);
        }
    }

    #[test]
    fn the_log_hears_of_each_once() {
        let figures = Figures::default();
        let happened = |event, times| (0..times).for_each(|_| figures.happened(event, [192, 0, 2, 7].into()));
        assert_eq!(figures.tell(), []);
        happened(Event::UnknownSource, 1_000);
        happened(Event::Accepted, 5);
        happened(Event::NotSigned, 2);
        assert_eq!(figures.tell(), [(Event::UnknownSource, 1_000), (Event::NotSigned, 2)]);
        happened(Event::NotSigned, 1);
        assert_eq!(figures.tell(), [(Event::NotSigned, 1)]);
        assert_eq!(figures.tell(), []);
        assert_eq!((figures.count(Event::NotSigned), figures.count(Event::Accepted)), (3, 5));
    }
}
