//! Automatic payment: a linked card is charged when the balance comes down to a threshold.
//!
//! Owns: whether to try now (M33, A18), what an answer of the gateway means, what switches it off.
//! Does not own: the card and the gateway, the posting of a payment, the letter to the client.
//! Always: pure; an attempt is on record before the gateway hears of it; while it is in doubt nothing else is tried, so no doubt charges a card twice; answers
//! may come in any order and any number, and lead to the same end.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

/// Why a bank refuses a card for good.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Hard {
    /// The card is lost.
    Lost,
    /// The card is stolen.
    Stolen,
    /// The card or its account is closed.
    Closed,
    /// The bank says not to try again.
    DoNotRetry,
}

/// What the gateway says of an attempt, by itself or when it is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// The money is taken.
    Paid,
    /// The card has too little.
    InsufficientFunds,
    /// The bank refuses the card for good.
    HardDecline(Hard),
    /// Refused this time.
    SoftDecline,
    /// Asked about it, the gateway knows of no such payment.
    NotMade,
    /// No answer in time: it may have happened.
    Timeout,
    /// An answer that says neither: it may have happened.
    Unknown,
}

impl Answer {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Paid,
        Self::InsufficientFunds,
        Self::HardDecline(Hard::Lost),
        Self::HardDecline(Hard::Stolen),
        Self::HardDecline(Hard::Closed),
        Self::HardDecline(Hard::DoNotRetry),
        Self::SoftDecline,
        Self::NotMade,
        Self::Timeout,
        Self::Unknown,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::InsufficientFunds => "insufficient_funds",
            Self::HardDecline(Hard::Lost) => "lost",
            Self::HardDecline(Hard::Stolen) => "stolen",
            Self::HardDecline(Hard::Closed) => "closed",
            Self::HardDecline(Hard::DoNotRetry) => "do_not_retry",
            Self::SoftDecline => "soft_decline",
            Self::NotMade => "not_made",
            Self::Timeout => "timeout",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the payment may have happened all the same.
    pub const fn is_in_doubt(self) -> bool {
        matches!(self, Self::Timeout | Self::Unknown)
    }

    /// Which of two answers to one attempt counts: the one that says more, and money taken before all.
    const fn weight(self) -> u8 {
        match self {
            Self::Timeout | Self::Unknown => 0,
            Self::SoftDecline | Self::NotMade => 1,
            Self::InsufficientFunds | Self::HardDecline(_) => 2,
            Self::Paid => 3,
        }
    }
}

impl FromStr for Answer {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|answer| answer.as_str() == text).ok_or(())
    }
}

/// What an answer leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It is known already.
    Nothing,
    /// The gateway has to be asked.
    Ask,
    /// Another attempt waits.
    BackOff,
    /// Automatic payment is switched off, and the client is told why.
    SwitchOff(OffReason),
    /// A payment of real money is posted.
    PostPayment,
}

/// An answer to an attempt of which `known` was heard before; the answer to keep from now on, and what it leads to. Each effect comes once, whatever is heard
/// again, and a payment is posted although a refusal was heard before it.
pub const fn hear(known: Option<Answer>, heard: Answer) -> (Answer, Effect) {
    if let Some(known) = known
        && heard.weight() <= known.weight()
    {
        return (known, Effect::Nothing);
    }
    let effect = match heard {
        Answer::Paid => Effect::PostPayment,
        Answer::InsufficientFunds => Effect::SwitchOff(OffReason::InsufficientFunds),
        Answer::HardDecline(why) => Effect::SwitchOff(OffReason::HardDecline(why)),
        Answer::SoftDecline | Answer::NotMade => Effect::BackOff,
        Answer::Timeout | Answer::Unknown => Effect::Ask,
    };
    (heard, effect)
}

/// Why automatic payment is off.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OffReason {
    /// The client has switched it off, or never on.
    Client,
    /// Staff have switched it off; they never switch it on (B11).
    Staff,
    /// The card was unlinked.
    CardUnlinked,
    /// The card had too little.
    InsufficientFunds,
    /// The bank refuses the card for good.
    HardDecline(Hard),
}

impl OffReason {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Client,
        Self::Staff,
        Self::CardUnlinked,
        Self::InsufficientFunds,
        Self::HardDecline(Hard::Lost),
        Self::HardDecline(Hard::Stolen),
        Self::HardDecline(Hard::Closed),
        Self::HardDecline(Hard::DoNotRetry),
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Staff => "staff",
            Self::CardUnlinked => "card_unlinked",
            Self::InsufficientFunds => Answer::InsufficientFunds.as_str(),
            Self::HardDecline(hard) => Answer::HardDecline(hard).as_str(),
        }
    }

    /// Whether the client is told: of all but what he did himself.
    pub const fn is_told(self) -> bool {
        !matches!(self, Self::Client)
    }
}

impl FromStr for OffReason {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == text).ok_or(())
    }
}

/// Whether automatic payment is on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off(OffReason),
}

/// What happens to the switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The client switches it on. Nobody else does.
    OnByClient {
        /// Whether he has a card linked.
        is_card_linked: bool,
    },
    /// The client switches it off.
    OffByClient,
    /// Staff switch it off.
    OffByStaff,
    /// The card was unlinked, by whomever.
    CardUnlinked,
    /// An effect of [`hear`].
    Heard(Effect),
}

/// There is no card to charge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoCard;

impl Switch {
    /// The switch after something happened. Off stays off, with its first reason, until the client switches it on.
    ///
    /// # Errors
    /// Without a card it cannot be switched on.
    pub const fn after(self, event: Event) -> Result<Self, NoCard> {
        match (self, event) {
            (_, Event::OnByClient { is_card_linked: true }) => Ok(Self::On),
            (_, Event::OnByClient { is_card_linked: false }) => Err(NoCard),
            (Self::On, Event::OffByClient) => Ok(Self::Off(OffReason::Client)),
            (Self::On, Event::OffByStaff) => Ok(Self::Off(OffReason::Staff)),
            (Self::On, Event::CardUnlinked) => Ok(Self::Off(OffReason::CardUnlinked)),
            (Self::On, Event::Heard(Effect::SwitchOff(reason))) => Ok(Self::Off(reason)),
            (switch, _) => Ok(switch),
        }
    }
}

/// An attempt to charge the card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Its number; with it the gateway is asked.
    pub id: i64,
    /// When it was written down, before the gateway was called.
    pub at: DateTime<Utc>,
    /// The answer kept; `None`: none yet, so it may have happened.
    pub answer: Option<Answer>,
}

impl Attempt {
    fn is_in_doubt(&self) -> bool {
        self.answer.is_none_or(Answer::is_in_doubt)
    }
}

/// How often a card is tried (A18).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Between two attempts, whatever became of the first.
    pub wait: TimeDelta,
    /// Most attempts without money in a window: one at least.
    pub failed_max: usize,
    /// The window.
    pub window: TimeDelta,
}

/// One attempt a day, ten failed ones in thirty days: the defaults of the settings.
impl Default for Limits {
    fn default() -> Self {
        Self { wait: TimeDelta::days(1), failed_max: 10, window: TimeDelta::days(30) }
    }
}

/// What a try has to know of an account.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whether automatic payment is on.
    pub switch: Switch,
    /// Whether a card is linked.
    pub is_card_linked: bool,
    /// The client's threshold.
    pub threshold: Decimal,
    /// Balance.
    pub balance: Decimal,
    /// Attempts of the window at least, and all that are in doubt, in any order.
    pub attempts: &'a [Attempt],
}

/// Why nothing is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    /// It is off.
    Off(OffReason),
    /// There is no card.
    NoCard,
    /// The balance is above the threshold.
    Above,
    /// The last attempt is too short a time ago.
    Waits {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Too many failed.
    TooMany {
        /// Until when.
        until: DateTime<Utc>,
    },
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Nothing.
    Rest(Rest),
    /// The gateway is asked what became of this attempt. Also while automatic payment is off: the money may have been taken.
    Ask(i64),
    /// An attempt is written down, then the card is charged.
    Charge,
}

/// What is to be done for an account at `now` (M33, A18).
pub fn step(limits: &Limits, facts: &Facts<'_>, now: DateTime<Utc>) -> Step {
    let in_doubt = facts.attempts.iter().filter(|attempt| attempt.is_in_doubt());
    if let Some(oldest) = in_doubt.min_by_key(|attempt| (attempt.at, attempt.id)) {
        return Step::Ask(oldest.id);
    }
    if let Switch::Off(reason) = facts.switch {
        return Step::Rest(Rest::Off(reason));
    }
    if !facts.is_card_linked {
        return Step::Rest(Rest::NoCard);
    }
    if facts.balance > facts.threshold {
        return Step::Rest(Rest::Above);
    }
    let last = facts.attempts.iter().map(|attempt| attempt.at).max();
    if let Some(until) = last.map(|at| at + limits.wait).filter(|until| now < *until) {
        return Step::Rest(Rest::Waits { until });
    }
    match too_many_until(limits, facts.attempts, now) {
        Some(until) => Step::Rest(Rest::TooMany { until }),
        None => Step::Charge,
    }
}

/// When the window has room again, if it is full: the newest failed attempts that fill it have to leave it one by one.
fn too_many_until(limits: &Limits, attempts: &[Attempt], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let failed = attempts.iter().filter(|attempt| attempt.answer != Some(Answer::Paid));
    let mut ends: Vec<DateTime<Utc>> =
        failed.map(|attempt| attempt.at + limits.window).filter(|end| now < *end).collect();
    ends.sort_unstable();
    let first_that_counts = ends.len().checked_sub(limits.failed_max)?;
    ends.get(first_that_counts).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn facts(attempts: &[Attempt]) -> Facts<'_> {
        Facts { switch: Switch::On, is_card_linked: true, threshold: amount("200"), balance: amount("168"), attempts }
    }

    /// M33, A18: the first answer | effect, the switch after it
    #[test]
    fn what_an_answer_means() {
        for answer in Answer::ALL.iter().copied() {
            let (effect, switch) = match answer {
                Answer::Paid => (Effect::PostPayment, Switch::On),
                Answer::SoftDecline | Answer::NotMade => (Effect::BackOff, Switch::On),
                Answer::Timeout | Answer::Unknown => (Effect::Ask, Switch::On),
                Answer::InsufficientFunds => {
                    (Effect::SwitchOff(OffReason::InsufficientFunds), Switch::Off(OffReason::InsufficientFunds))
                }
                Answer::HardDecline(hard) => {
                    (Effect::SwitchOff(OffReason::HardDecline(hard)), Switch::Off(OffReason::HardDecline(hard)))
                }
            };
            assert_eq!(hear(None, answer), (answer, effect), "{answer:?}");
            assert_eq!(Switch::On.after(Event::Heard(effect)), Ok(switch), "{answer:?}");
            assert_eq!(answer.is_in_doubt(), effect == Effect::Ask, "{answer:?}");
            assert_eq!(answer.as_str().parse(), Ok(answer));
        }
    }

    /// Off | event | off still, with the first reason; only the client switches it on, and only with a card.
    #[test]
    fn off_stays_off_until_the_client_says_so() {
        for reason in OffReason::ALL.iter().copied() {
            let off = Switch::Off(reason);
            for event in [Event::OffByClient, Event::OffByStaff, Event::CardUnlinked] {
                assert_eq!(off.after(event), Ok(off), "{reason:?} {event:?}");
            }
            for answer in Answer::ALL.iter().copied() {
                assert_eq!(off.after(Event::Heard(hear(None, answer).1)), Ok(off), "{reason:?} {answer:?}");
            }
            assert_eq!(off.after(Event::OnByClient { is_card_linked: true }), Ok(Switch::On));
            assert_eq!(off.after(Event::OnByClient { is_card_linked: false }), Err(NoCard));
            assert_eq!(reason.is_told(), reason != OffReason::Client);
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        for (event, reason) in [
            (Event::OffByClient, OffReason::Client),
            (Event::OffByStaff, OffReason::Staff),
            (Event::CardUnlinked, OffReason::CardUnlinked),
        ] {
            assert_eq!(Switch::On.after(event), Ok(Switch::Off(reason)));
        }
    }

    /// Every row of four answers: the end does not depend on their order, and each effect comes once at most.
    #[test]
    fn callbacks_may_repeat_and_overtake_one_another() {
        let listen = |row: &[Answer]| {
            let (mut known, mut paid, mut off) = (None, 0, 0);
            for heard in row {
                let (kept, effect) = hear(known, *heard);
                known = Some(kept);
                paid += usize::from(effect == Effect::PostPayment);
                off += usize::from(matches!(effect, Effect::SwitchOff(_)));
                assert_eq!(hear(known, *heard).1, Effect::Nothing, "{row:?}: said twice");
            }
            (known.unwrap(), paid, off)
        };
        for a in Answer::ALL.iter().copied() {
            for b in Answer::ALL.iter().copied() {
                for c in Answer::ALL.iter().copied() {
                    for d in Answer::ALL.iter().copied() {
                        let row = [a, b, c, d];
                        let (kept, paid, off) = listen(&row);
                        let is_paid = row.contains(&Answer::Paid);
                        assert_eq!((kept == Answer::Paid, paid), (is_paid, usize::from(is_paid)), "{row:?}");
                        assert!(off <= 1, "{row:?}");
                        let (backwards, ..) = listen(&[d, c, b, a]);
                        assert_eq!(kept.weight(), backwards.weight(), "{row:?}");
                        assert_eq!(kept.is_in_doubt(), row.iter().all(|answer| answer.is_in_doubt()), "{row:?}");
                    }
                }
            }
        }
    }

    /// M33: threshold 200, balance 168: tried; what stands against it.
    #[test]
    fn when_a_card_is_tried() {
        let now = at("2027-02-04T03:00:00Z");
        let limits = Limits::default();
        let ready = facts(&[]);
        let off = OffReason::InsufficientFunds;
        for (facts, expected) in [
            (ready, Step::Charge),
            (Facts { balance: amount("200"), ..ready }, Step::Charge),
            (Facts { balance: amount("200.01"), ..ready }, Step::Rest(Rest::Above)),
            (Facts { balance: amount("-3"), threshold: amount("0"), ..ready }, Step::Charge),
            // The night after the card had no money.
            (Facts { switch: Switch::Off(off), ..ready }, Step::Rest(Rest::Off(off))),
            (Facts { is_card_linked: false, ..ready }, Step::Rest(Rest::NoCard)),
        ] {
            assert_eq!(step(&limits, &facts, now), expected, "{facts:?}");
        }
    }

    /// A time-out, no answer at all, an answer that says nothing: asked first, the oldest first, also when it was switched off since.
    #[test]
    fn no_doubt_charges_a_card_twice() {
        let now = at("2027-02-04T03:00:00Z");
        let limits = Limits::default();
        let long_ago = now - TimeDelta::days(3);
        for answer in [None, Some(Answer::Timeout), Some(Answer::Unknown)] {
            let attempts = [
                Attempt { id: 2, at: long_ago + TimeDelta::days(1), answer },
                Attempt { id: 1, at: long_ago, answer },
                Attempt { id: 3, at: now, answer: Some(Answer::SoftDecline) },
            ];
            let off = Switch::Off(OffReason::Client);
            for facts in [
                facts(&attempts),
                Facts { switch: off, ..facts(&attempts) },
                Facts { is_card_linked: false, ..facts(&attempts) },
                Facts { balance: amount("5000"), ..facts(&attempts) },
            ] {
                assert_eq!(step(&limits, &facts, now), Step::Ask(1), "{answer:?}");
            }
        }
        // Asked, the gateway says that it was paid: one payment, and the balance is above the threshold.
        let (kept, effect) = hear(Some(Answer::Timeout), Answer::Paid);
        assert_eq!((kept, effect), (Answer::Paid, Effect::PostPayment));
        let attempts = [Attempt { id: 1, at: long_ago, answer: Some(kept) }];
        let after = Facts { balance: amount("1168"), ..facts(&attempts) };
        assert_eq!(step(&limits, &after, now), Step::Rest(Rest::Above));
        // It says that there is no such payment: another attempt, a day after the first.
        let (kept, effect) = hear(Some(Answer::Timeout), Answer::NotMade);
        assert_eq!((kept, effect), (Answer::NotMade, Effect::BackOff));
        let attempts = [Attempt { id: 1, at: long_ago, answer: Some(kept) }];
        assert_eq!(step(&limits, &facts(&attempts), now), Step::Charge);
    }

    /// A18: one attempt a day, whatever became of it.
    #[test]
    fn one_attempt_a_day() {
        let first = at("2027-02-04T03:00:00Z");
        let until = first + TimeDelta::hours(24);
        for answer in [Answer::SoftDecline, Answer::NotMade, Answer::Paid] {
            let attempts = [Attempt { id: 1, at: first, answer: Some(answer) }];
            for (now, expected) in [
                (first, Step::Rest(Rest::Waits { until })),
                (until - TimeDelta::milliseconds(1), Step::Rest(Rest::Waits { until })),
                (until, Step::Charge),
            ] {
                assert_eq!(step(&Limits::default(), &facts(&attempts), now), expected, "{answer:?} {now}");
            }
        }
    }

    /// A18: ten in thirty days; those that brought money do not count.
    #[test]
    fn ten_failed_attempts_in_thirty_days() {
        let first = at("2027-02-01T03:00:00Z");
        let daily = |count: i64, answer: Answer| -> Vec<Attempt> {
            let attempt = |id: i64| Attempt { id, at: first + TimeDelta::days(id), answer: Some(answer) };
            (0..count).map(attempt).collect()
        };
        let thirty = first + TimeDelta::days(30);
        let tenth_day = first + TimeDelta::days(10);
        let too_many = |until| Step::Rest(Rest::TooMany { until });
        for (attempts, now, expected) in [
            (daily(9, Answer::SoftDecline), tenth_day, Step::Charge),
            (daily(10, Answer::SoftDecline), tenth_day, too_many(thirty)),
            (daily(10, Answer::SoftDecline), thirty - TimeDelta::milliseconds(1), too_many(thirty)),
            (daily(10, Answer::SoftDecline), thirty, Step::Charge),
            (daily(10, Answer::Paid), tenth_day, Step::Charge),
            // One too many by another setting: the second has to leave the window as well.
            (daily(11, Answer::NotMade), first + TimeDelta::days(11), too_many(thirty + TimeDelta::days(1))),
        ] {
            assert_eq!(step(&Limits::default(), &facts(&attempts), now), expected, "{} {now}", attempts.len());
        }
    }

    /// A card that is refused for half a year, tried every hour: never two in a day, never eleven in thirty days.
    #[test]
    fn half_a_year_of_refusals_keeps_the_limits() {
        let limits = Limits::default();
        let mut attempts: Vec<Attempt> = Vec::new();
        for hour in 0..24 * 180 {
            let now = at("2027-02-01T00:00:00Z") + TimeDelta::hours(hour);
            if step(&limits, &facts(&attempts), now) == Step::Charge {
                attempts.push(Attempt { id: hour, at: now, answer: Some(Answer::SoftDecline) });
            }
        }
        let apart = |pair: &[Attempt]| pair[1].at - pair[0].at >= limits.wait;
        assert!(attempts.windows(2).all(apart));
        assert!(attempts.windows(11).all(|run| run[10].at - run[0].at >= limits.window));
        assert_eq!(attempts.len(), 60, "ten in each of six windows");
    }
}
