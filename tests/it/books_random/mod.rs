//! Random sequences of what happens to accounts, against naive books.
//!
//! ```text
//! seed -> steps (step) -> play: each on the product (desk, money, terms, calls) and in the naive books (books, month) -> compare, after every step
//!                           └ what fails is made shorter, and told with its seed
//! ```
//!
//! Owns: which sequences are played, the shortening, what is told.
//! Does not own: steps, books, the playing.
//! Always: sequences share one world, each with accounts and a year of its own, one after another; the same seed is the same sequence; a step may be cut at any
//! moment and is tried again, and counts once.
//!
//! `TOLLGATE_BOOKS_CASES` says how many, `TOLLGATE_BOOKS_SEED` from which seed on: `TOLLGATE_BOOKS_SEED=7 TOLLGATE_BOOKS_CASES=1` plays the one of seed 7.
//! A sequence that has failed once joins [`KNOWN`].

mod books;
mod calls;
mod compare;
mod desk;
mod money;
mod month;
mod play;
mod step;
mod terms;

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use desk::Desk;
use play::{Play, Tally};
use step::{Crash, Deed, Step, drawn};

/// Sequences, unless the environment says otherwise.
const CASES: u64 = 20;
/// Steps of a sequence.
const STEPS: usize = 40;
/// Shorter sequences that are tried when one has failed.
const TRIES_MAX: u32 = 80;

/// Sequences that are always played: each has found something once, or is one that chance seldom draws.
const KNOWN: &[&[Deed]] = &[
    // What a call has reserved nobody takes out: its record comes in time and takes nothing past the limit.
    &[
        Deed::Pay { account: 0, kopecks: 30_000, days_ago: 0, again: false },
        Deed::Begin { account: 0, seconds: 300 },
        Deed::Withdraw { account: 0, kopecks: 1 },
        Deed::Refund { payment: 0, percent: 1 },
        Deed::Record { call: 0, percent: 100 },
    ],
    // A record that comes behind its time, and before the nightly job: another call has the money by then, and the report has the late one.
    &[
        Deed::TopUp { account: 0, kopecks: 6_000 },
        Deed::Begin { account: 0, seconds: 50 },
        Deed::Release { call: 0, percent: 100 },
        Deed::Pass { days: 1 },
        Deed::Begin { account: 0, seconds: 60 },
        Deed::Record { call: 1, percent: 100 },
    ],
    // The same behind the job.
    &[
        Deed::TopUp { account: 0, kopecks: 6_000 },
        Deed::Begin { account: 0, seconds: 50 },
        Deed::Pass { days: 3 },
        Deed::Begin { account: 0, seconds: 60 },
        Deed::Record { call: 1, percent: 100 },
    ],
    // A month is closed: usage of it goes into the next one, a charge of it nowhere.
    &[
        Deed::Stray { account: 3, thousandths: 333_333, days_ago: 1 },
        Deed::Pass { days: 15 },
        Deed::Close,
        Deed::Stray { account: 3, thousandths: 333_333, days_ago: 16 },
        Deed::Charge { account: 3, kopecks: 100, days_ago: 16 },
    ],
    // A debtor is closed and pays late; another one's money is found to have come in time.
    &[
        Deed::Pass { days: 13 },
        Deed::Bill { account: 2, kopecks: 150_000 },
        Deed::Pass { days: 28 },
        Deed::Pay { account: 2, kopecks: 50_000, days_ago: 0, again: false },
        Deed::Pay { account: 2, kopecks: 100_000, days_ago: 0, again: false },
        Deed::Bill { account: 2, kopecks: 100 },
        Deed::Pass { days: 30 },
        Deed::Pay { account: 2, kopecks: 100, days_ago: 3, again: false },
    ],
    // A payment pays two charges, one of which is taken back; what is free then goes back to the client, and the rest to another account.
    &[
        Deed::Charge { account: 4, kopecks: 20_000, days_ago: 0 },
        Deed::Charge { account: 4, kopecks: 10_000, days_ago: 0 },
        Deed::Statement { account: 4, kopecks: 30_000, again: true },
        Deed::Reverse { posting: 0 },
        Deed::Reverse { posting: 0 },
        Deed::Refund { payment: 0, percent: 33 },
        Deed::Move { payment: 0, account: 0 },
        Deed::Refund { payment: 0, percent: 90 },
        Deed::Return { payment: 0 },
    ],
    // Credit at once with the switch, and back.
    &[
        Deed::Switch { account: 0, at_once: true },
        Deed::Pass { days: 12 },
        Deed::Limit { account: 0, roubles: 500 },
        Deed::Withdraw { account: 0, kopecks: 100 },
        Deed::Switch { account: 0, at_once: false },
    ],
];

/// A number of the environment.
fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} = {text} is no number")),
        Err(_) => otherwise,
    }
}

/// Where a sequence has failed, and how.
struct Failure {
    at: usize,
    why: String,
}

/// The sequences of a run.
struct Player {
    desk: Desk,
    years: u32,
    tally: Tally,
}

impl Player {
    /// Plays a sequence on accounts of its own.
    async fn play(&mut self, steps: &[Step]) -> Result<(), Failure> {
        let (number, mut at) = (self.years, 0);
        self.years += 1;
        let (desk, tally) = (&self.desk, &mut self.tally);
        let played = caught(async {
            let mut play = Play::begin(desk, number).await?;
            for (place, step) in steps.iter().enumerate() {
                at = place;
                play.step(*step, tally).await?;
            }
            play.end(tally).await
        });
        let played = played.await;
        Play::retire(&self.desk).await.unwrap();
        played.map_err(|why| Failure { at, why })
    }

    /// Plays a sequence; one that fails is told as short as it still does.
    async fn prove(&mut self, name: &str, steps: &[Step]) {
        let Err(mut failure) = self.play(steps).await else { return };
        let mut shortest = steps[..=failure.at.min(steps.len() - 1)].to_vec();
        let mut tries = TRIES_MAX;
        let mut size = shortest.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < shortest.len() && shortest.len() > 1 && tries > 0 {
                let mut shorter = shortest.clone();
                shorter.drain(from..(from + size).min(shortest.len()));
                tries -= 1;
                match self.play(&shorter).await {
                    Err(fails) => {
                        shorter.truncate(fails.at + 1);
                        (shortest, failure) = (shorter, fails);
                    }
                    Ok(()) => from += size,
                }
            }
            size /= 2;
        }
        for place in 0..shortest.len() {
            let mut calmer = shortest.clone();
            calmer[place].crash = Crash::None;
            if calmer != shortest
                && let Err(fails) = self.play(&calmer).await
            {
                (shortest, failure) = (calmer, fails);
            }
        }
        let mut told = String::new();
        for Step { deed, crash } in &shortest {
            let _ = match crash {
                Crash::None => writeln!(told, "    {deed:?}"),
                crash => writeln!(told, "    {deed:?}, at first {crash:?}"),
            };
        }
        panic!("{name} fails in its last step:\n{told}{}", failure.why);
    }
}

/// A future that panics has failed, too.
async fn caught(future: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let mut future = pin!(future);
    std::future::poll_fn(move |context| {
        catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Poll::Ready(Err(format!("panic: {}", text.unwrap_or_default())))
        })
    })
    .await
}

/// M42-M55, B13-B17, B20, A9, A13-A17: whatever happens in whatever order, and wherever it is cut, the books add up, each movement counts once, a closed month
/// stays as it was, what is refused has booked nothing, and no balance passes its limit but by records that came late, which are reported.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_the_books_add_up() {
    let (cases, seed) = (number("TOLLGATE_BOOKS_CASES", CASES), number("TOLLGATE_BOOKS_SEED", 1));
    let desk = Desk::open("2027-01-20T06:00:00Z").await;
    let mut player = Player { desk, years: 0, tally: Tally::default() };
    for (place, deeds) in KNOWN.iter().enumerate() {
        let steps: Vec<Step> = deeds.iter().map(|deed| Step { deed: *deed, crash: Crash::None }).collect();
        player.prove(&format!("known sequence {place}"), &steps).await;
    }
    for seed in seed..seed + cases {
        player.prove(&format!("the sequence of seed {seed}"), &drawn(seed, STEPS)).await;
    }
    let Tally { done, refused, late, closed } = &player.tally;
    for name in Deed::NAMES {
        assert!(cases < CASES || done.contains_key(name), "{name} was never done: {done:?}");
    }
    for name in ["Allocate", "Refund", "Move", "Return", "Charge", "Withdraw", "Reverse", "Limit", "Temporary", "Begin"]
    {
        assert!(cases < CASES || refused.contains_key(name), "{name} was never refused: {refused:?}");
    }
    assert!(*late > 0 && *closed > 0, "late records {late}, closings {closed}");
    player.desk.world.drop().await;
}
