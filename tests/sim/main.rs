//! The batch protocol under thousands of schedules: processes die, freeze and come back, answers are lost, INSERTs arrive late, topics begin anew.
//!
//! The protocol is written down once more (`process`), over engines that promise what the real ones do and fail as they do (`engines`). A schedule is drawn
//! from a seed: a failing one is printed, and runs again with `TOLLGATE_SIM_SEED=N cargo test -p tests --test sim`. `TOLLGATE_SIM_SCHEDULES` is how many are run.
//! What it cannot show, that the product does what is written here, the tests over the real engines do (`it`, the demo with `--chaos` and `--storm`).

mod engines;
mod process;
mod schedule;
mod world;

use schedule::Events;
use world::Guard;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}=`{text}` is not a number")))
}

fn schedules() -> u64 {
    number("TOLLGATE_SIM_SCHEDULES").unwrap_or(10_000)
}

/// Every leg has one outcome, offsets are contiguous, both engines agree, bundles cover what they hold: in every schedule.
#[test]
fn nothing_is_lost_and_nothing_charged_twice() {
    let mut events = Events::new();
    let seeds = number("TOLLGATE_SIM_SEED").map_or(0..schedules(), |seed| seed..seed + 1);
    for seed in seeds.clone() {
        if let Err(problem) = schedule::run(seed, None, &mut events) {
            panic!("seed {seed}: {problem}; again with TOLLGATE_SIM_SEED={seed}");
        }
    }
    if seeds.end - seeds.start > 1_000 {
        for event in ["claim", "death", "freeze", "records handed over again", "topic made anew"] {
            let happened = events.get(event).copied().unwrap_or(0);
            assert!(happened > (seeds.end - seeds.start) / 20, "{event} happened {happened} times");
        }
    }
}

/// Each guard is needed: without it some schedule goes wrong.
#[test]
fn every_guard_is_missed() {
    let mut unmissed = Vec::new();
    for guard in Guard::ALL {
        let found = (0..schedules()).find_map(|seed| {
            let problem = schedule::run(seed, Some(guard), &mut Events::new()).err()?;
            Some((seed, problem))
        });
        match found {
            Some((seed, problem)) => eprintln!("without {guard:?}: seed {seed}: {problem}"),
            None => unmissed.push(guard),
        }
    }
    assert!(unmissed.is_empty(), "no schedule misses: {unmissed:?}");
}
