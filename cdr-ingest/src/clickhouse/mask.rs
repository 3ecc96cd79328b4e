//! The keys by which analysts see numbers.
//!
//! Owns: making and rotating the key in table `mask_keys` (A41).
//! Does not own: the masks themselves (views of `deploy/clickhouse/0010_masking.sql`), who may see what (`deploy/clickhouse/roles`).
//! Always: a key is 128 bits from the operating system, is sent as data and never as text of a statement, and is neither logged nor shown.

use bytes::Bytes;

use super::ClickHouse;

/// Digits at the end of a number that a mask hides, unless told otherwise: those of a subscriber.
const HIDDEN_DIGITS: u8 = 7;

/// Makes the first key, unless there is one.
///
/// # Errors
/// The server, or the way to it.
pub async fn ensure_key(clickhouse: &ClickHouse) -> Result<(), ::clickhouse::error::Error> {
    if generation(clickhouse).await? == 0 {
        make(clickhouse, 1, HIDDEN_DIGITS).await?;
    }
    Ok(())
}

/// Puts a new key in force; returns its generation. Masks made before name the former generation and are comparable only among themselves.
///
/// # Errors
/// The server, or the way to it.
pub async fn rotate(clickhouse: &ClickHouse, hidden_digits: Option<u8>) -> Result<u32, ::clickhouse::error::Error> {
    let next = generation(clickhouse).await? + 1;
    let hidden = match hidden_digits {
        Some(digits) => digits,
        None if next == 1 => HIDDEN_DIGITS,
        None => {
            let sql = "SELECT argMax(hidden_digits, (generation, key_high, key_low)) FROM mask_keys";
            clickhouse.client().query(sql).fetch_one().await?
        }
    };
    make(clickhouse, next, hidden).await?;
    Ok(next)
}

/// Generation in force, 0 = no key.
async fn generation(clickhouse: &ClickHouse) -> Result<u32, ::clickhouse::error::Error> {
    clickhouse.client().query("SELECT max(generation) FROM mask_keys").fetch_one().await
}

async fn make(clickhouse: &ClickHouse, generation: u32, hidden: u8) -> Result<(), ::clickhouse::error::Error> {
    let half = || getrandom::u64().expect("the operating system gives random numbers");
    let row = format!("{generation}\t{}\t{}\t{hidden}\n", half(), half());
    // Two that make the same generation at once: the token lets the first one pass.
    let mut insert = clickhouse
        .client()
        .insert_formatted_with(
            "INSERT INTO mask_keys (generation, key_high, key_low, hidden_digits) FORMAT TabSeparated",
        )
        .with_setting("insert_deduplication_token", format!("mask-key-{generation}"))
        .with_setting("async_insert", "0");
    insert.send(Bytes::from(row)).await?;
    insert.end().await
}
