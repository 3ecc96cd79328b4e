//! A connection that somebody has given up serves the next one well.

use billing::{Actor, Change, SystemClock};
use tests::{World, cut};

/// Fails while a session is in a transaction that nobody ends; a moment is given to those that are just being rolled back.
const NOBODY_IS_LEFT: &str = "DO $$ BEGIN
    FOR tries IN 1 .. 100 LOOP
        PERFORM pg_stat_clear_snapshot();
        IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%') THEN
            RETURN;
        END IF;
        PERFORM pg_sleep(0.05);
    END LOOP;
    RAISE EXCEPTION 'a session is left in a transaction';
END $$";

/// Wherever the beginning of a change is given up, its connection is left in no transaction. The driver alone would leave it in one (its counter of transactions
/// goes up when the server has answered): what the next caller writes there would be rolled back with it.
#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_leaves_no_transaction_open() {
    let world = World::new(1).await;
    let mut begun = 0;
    for polls in 0..12 {
        for turn in 0..8 {
            let actor = Actor::named(1, "test", &format!("{polls}-{turn}"));
            begun += usize::from(cut(Change::begin(&world.store, &SystemClock, actor, None), polls).await.is_some());
        }
    }
    // Some were given up and some were not, or this has tried nothing.
    assert!((1..12 * 8).contains(&begun), "{begun}");
    world.store.run_past_the_rooms(NOBODY_IS_LEFT).await.unwrap();
}
