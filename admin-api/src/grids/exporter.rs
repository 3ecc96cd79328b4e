//! Exports in the background.
//!
//! Owns: making the files that were ordered, one at a time a program.
//! Does not own: orders and bytes (`billing::grid`).
//! Always: an export is made with the rights that its owner has when it is made; one that breaks off is made anew by whichever program is there.

use std::time::Duration;

use billing::grid::{self, Caller, Claimed, Walk};
use billing::{StoreError, staff};
use chrono_tz::Tz;

use super::file::ListFile;
use super::{answer, read};
use crate::language::Language;
use crate::sheets::{SheetError, SheetFormat};
use crate::state::AppState;

/// How often orders are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Bytes of a part.
const CHUNK_BYTES: usize = 1 << 20;

/// Why an export is not made.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Another program makes it, or its owner wants it no more.
    #[error("it was cancelled, or taken over")]
    Abandoned,
    /// The order cannot be carried out; the owner is told why.
    #[error("{0}")]
    Told(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sheet(#[from] SheetError),
}

/// Makes what is ordered, for ever.
pub(crate) async fn work(state: AppState) {
    let mut swept = tokio::time::Instant::now();
    loop {
        match grid::claim(&state.store, state.clock.now()).await {
            Ok(Some(claimed)) => {
                carry_out(&state, &claimed).await;
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!("orders of exports cannot be read: {error}"),
        }
        if swept.elapsed() > Duration::from_mins(10) {
            swept = tokio::time::Instant::now();
            if let Err(error) = grid::sweep(&state.store, state.clock.now()).await {
                tracing::warn!("old exports are not removed: {error}");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn carry_out(state: &AppState, claimed: &Claimed) {
    let id = claimed.export.id;
    let told = match make(state, claimed).await {
        Ok(rows) => {
            tracing::info!(export = id, rows, "an export is made");
            return;
        }
        Err(Failure::Abandoned) => return,
        // Postgres is away: the silence makes the order free again.
        Err(Failure::Store(error)) if error.is_unavailable() => {
            tracing::warn!(export = id, "an export breaks off: {error}");
            return;
        }
        Err(Failure::Told(told)) => told,
        Err(error) => {
            tracing::error!(export = id, "an export fails: {error}");
            "internal error".to_owned()
        }
    };
    if let Err(error) = grid::fail(&state.store, claimed, &told, state.clock.now()).await {
        tracing::error!(export = id, "a failed export is not marked: {error}");
    }
}

async fn make(state: &AppState, claimed: &Claimed) -> Result<i64, Failure> {
    let order = &claimed.export;
    let now = state.clock.now();
    let Some((list, needed)) = super::by_name(&order.list) else {
        return Err(Failure::Told(format!("there is no list {}", order.list)));
    };
    let owner = staff::by_id(&state.store, claimed.user_id, now).await?.filter(|owner| owner.may(needed));
    let owner = owner.ok_or_else(|| Failure::Told(format!("the permission {} is needed", needed.as_str())))?;
    let told = |problem: crate::problem::Problem| Failure::Told(problem.in_words(Language::English));
    let settings = state.settings().map_err(told)?;
    let query = read::query_of(list, answer::pairs_of(&order.query)).map_err(told)?;
    let asked = read::asked(list, &query, &settings).map_err(told)?;
    let most = settings.number("export.max_rows").map_err(|error| Failure::Told(error.to_string()))?;
    let zone: Tz = settings.zone("billing.zone").map_err(|error| Failure::Told(error.to_string()))?;
    let format: SheetFormat = order.format.parse().map_err(|()| Failure::Told("no such format".to_owned()))?;
    let language = if order.language == "en" { Language::English } else { Language::Russian };
    let caller = Caller::of(&owner, now);
    let total = grid::count_all(&state.store, list, &asked, &caller).await?;
    if total > most {
        return Err(Failure::Told(format!("{total} rows are more than the {most} of setting export.max_rows")));
    }
    let mut file = ListFile::begin(list, format, zone, language)?;
    let (mut rows, mut number, mut waiting) = (0, 0, Vec::new());
    let mut walk = Walk::begin(&state.store, list, asked, caller).await?;
    loop {
        let page = walk.next().await?;
        if page.is_empty() {
            break;
        }
        file.add(&page)?;
        rows += page.len() as i64;
        waiting.extend(file.ready()?);
        while waiting.len() >= CHUNK_BYTES {
            let rest = waiting.split_off(CHUNK_BYTES);
            grid::put_chunk(&state.store, claimed, number, &waiting).await?;
            (waiting, number) = (rest, number + 1);
        }
        if !grid::progress(&state.store, claimed, rows, Some(total), state.clock.now()).await? {
            return Err(Failure::Abandoned);
        }
    }
    drop(walk);
    waiting.extend(file.end()?);
    for part in waiting.chunks(CHUNK_BYTES) {
        grid::put_chunk(&state.store, claimed, number, part).await?;
        number += 1;
    }
    if grid::finish(&state.store, claimed, rows, state.clock.now()).await? { Ok(rows) } else { Err(Failure::Abandoned) }
}
