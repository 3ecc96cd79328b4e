//! Exports in the background.
//!
//! Owns: making the files that were ordered, one at a time a program.
//! Does not own: orders and bytes (`billing::grid`).
//! Always: an export is made with the rights that its owner has when it is made, and no more than those of the token that ordered it; one that breaks off is
//! made anew by whichever program is there, some times over; whatever happens in one, the next is made.

use std::time::Duration;

use billing::grid::{self, Caller, Claimed, Walk};
use billing::{StoreError, staff};
use chrono_tz::Tz;
use tokio::task::{JoinError, JoinSet};

use super::file::ListFile;
use super::{answer, read};
use crate::language::{Language, Text};
use crate::problem::{Code, Problem};
use crate::sheets::{SheetError, SheetFormat, XLSX_ROWS_MAX};
use crate::state::AppState;

/// How often orders are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often a maker says that it is at work; well below the silence after which it has died.
const BEAT_EVERY: Duration = Duration::from_secs(20);
/// How often old exports are removed.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// Bytes of a part.
const CHUNK_BYTES: usize = 1 << 20;

/// Why an export is not made.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Another program makes it, or its owner wants it no more.
    #[error("it was cancelled, or taken over")]
    Abandoned,
    /// The order cannot be carried out; the owner is told why.
    #[error("it cannot be carried out")]
    Told(Text),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sheet(#[from] SheetError),
    #[error("the writer broke off: {0}")]
    Writer(#[from] JoinError),
}

impl Failure {
    fn told(ru: String, en: String) -> Self {
        Self::Told(Text::new(ru, en))
    }
}

/// Makes what is ordered, for ever.
pub(crate) async fn work(state: AppState) {
    let mut swept = tokio::time::Instant::now();
    loop {
        if swept.elapsed() > SWEEP_EVERY {
            swept = tokio::time::Instant::now();
            if let Err(error) = grid::sweep(&state.store, state.clock.now()).await {
                tracing::warn!("old exports are not removed: {error}");
            }
        }
        match grid::claim(&state.store, state.clock.now()).await {
            Ok(Some(claimed)) => {
                watch_over(&state, claimed).await;
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!("orders of exports cannot be read: {error}"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Has an export made in a task of its own: a panic ends that task, and not the making of exports. The task ends with this future.
async fn watch_over(state: &AppState, claimed: Claimed) {
    let mut task = JoinSet::new();
    let (its_state, its_own) = (state.clone(), claimed.clone());
    task.spawn(async move { carry_out(&its_state, &its_own).await });
    if let Some(Err(error)) = task.join_next().await {
        tracing::error!(export = claimed.export.id, "an export breaks off: {error}");
        fail(state, &claimed, &internal()).await;
    }
}

async fn carry_out(state: &AppState, claimed: &Claimed) {
    let id = claimed.export.id;
    // In a task of its own too: it tells that the maker lives, however long a statement takes.
    let mut heart = JoinSet::new();
    heart.spawn(beat(state.clone(), claimed.clone()));
    let made = tokio::select! {
        made = make(state, claimed) => made,
        _ = heart.join_next() => Err(Failure::Abandoned),
    };
    drop(heart);
    let told = match made {
        Ok(rows) => {
            tracing::info!(export = id, rows, "an export is made");
            return;
        }
        Err(Failure::Abandoned) => return,
        Err(Failure::Store(error)) if error.is_too_slow() => {
            tracing::warn!(export = id, "an export fails: {error}");
            Text::fixed(
                "Выборка заняла слишком много времени: сузьте фильтр",
                "Its rows took too long to find: narrow the filter",
            )
        }
        // Postgres is away: the silence makes the order free again.
        Err(Failure::Store(error)) if error.is_unavailable() => {
            tracing::warn!(export = id, "an export breaks off: {error}");
            return;
        }
        Err(Failure::Told(told)) => told,
        Err(error) => {
            tracing::error!(export = id, "an export fails: {error}");
            internal()
        }
    };
    fail(state, claimed, &told).await;
}

/// Says that the maker is at work, until the export is no longer its own.
async fn beat(state: AppState, claimed: Claimed) {
    loop {
        tokio::time::sleep(BEAT_EVERY).await;
        match grid::beat(&state.store, &claimed, state.clock.now()).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(export = claimed.export.id, "a maker cannot say that it lives: {error}"),
        }
    }
}

/// What the owner is told where the mistake is ours.
fn internal() -> Text {
    Code::Internal.title()
}

async fn fail(state: &AppState, claimed: &Claimed, told: &Text) {
    let told = told.spoken(language_of(claimed));
    if let Err(error) = grid::fail(&state.store, claimed, told, state.clock.now()).await {
        tracing::error!(export = claimed.export.id, "a failed export is not marked: {error}");
    }
}

fn language_of(claimed: &Claimed) -> Language {
    if claimed.export.language == "en" { Language::English } else { Language::Russian }
}

async fn make(state: &AppState, claimed: &Claimed) -> Result<i64, Failure> {
    if claimed.is_hopeless() {
        return Err(Failure::Told(Text::fixed(
            "Выгрузку начинали несколько раз, и каждый раз она обрывалась",
            "It was begun several times and broke off each time",
        )));
    }
    let order = &claimed.export;
    let now = state.clock.now();
    let Some((list, needed)) = super::by_name(&order.list) else {
        return Err(Failure::told(format!("Списка {} нет", order.list), format!("There is no list {}", order.list)));
    };
    let owner = staff::at_work(&state.store, claimed.user_id, &order.scopes, now).await?;
    let owner = owner.filter(|owner| owner.may(needed)).ok_or_else(|| {
        let name = needed.as_str();
        Failure::told(format!("Нужно право {name}"), format!("The permission {name} is needed"))
    })?;
    let told =
        |problem: Problem| Failure::told(problem.in_words(Language::Russian), problem.in_words(Language::English));
    let settings = state.settings().map_err(told)?;
    let query = read::query_of(list, answer::pairs_of(&order.query)).map_err(told)?;
    let asked = read::asked(list, &query, &settings).map_err(told)?;
    let most = settings.number("export.max_rows")?;
    let zone: Tz = settings.zone("billing.zone")?;
    let unknown = || Failure::Told(Text::fixed("Такого формата нет", "There is no such format"));
    let format: SheetFormat = order.format.parse().map_err(|()| unknown())?;
    let language = language_of(claimed);
    let mut walk = Walk::begin(&state.store, list, asked, Caller::of(&owner, now)).await?;
    let total = walk.count().await?;
    if total > most {
        return Err(Failure::told(
            format!("Строк {total}, а настройка export.max_rows разрешает {most}"),
            format!("{total} rows are more than the {most} of setting export.max_rows"),
        ));
    }
    // The first row of a sheet has the titles.
    if format == SheetFormat::Xlsx && total >= XLSX_ROWS_MAX as i64 {
        return Err(Failure::Told(Text::fixed(
            "Строк больше, чем вмещает лист Excel; возьмите csv",
            "More rows than a sheet of Excel holds; take csv",
        )));
    }
    let mut file = ListFile::begin(list, format, zone, language)?;
    let mut parts = Parts { state, claimed, number: 0, waiting: Vec::new() };
    let mut rows = 0;
    loop {
        let page = walk.next().await?;
        if page.is_empty() {
            break;
        }
        rows += page.len() as i64;
        let (written, ready) = aside(move || {
            file.add(&page)?;
            let ready = file.ready()?;
            Ok((file, ready))
        })
        .await?;
        file = written;
        parts.add(ready).await?;
        if !grid::progress(&state.store, claimed, rows, Some(total), state.clock.now()).await? {
            return Err(Failure::Abandoned);
        }
    }
    // Its transaction ends before the file does: compressing a workbook takes long.
    drop(walk);
    parts.add(aside(move || file.end()).await?).await?;
    parts.end().await?;
    if grid::finish(&state.store, claimed, rows, state.clock.now()).await? { Ok(rows) } else { Err(Failure::Abandoned) }
}

/// Runs what computes long on a thread that no request waits for.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, SheetError> + Send + 'static) -> Result<T, Failure> {
    Ok(tokio::task::spawn_blocking(work).await??)
}

/// The bytes of a file, kept in parts.
struct Parts<'a> {
    state: &'a AppState,
    claimed: &'a Claimed,
    number: i32,
    waiting: Vec<u8>,
}

impl Parts<'_> {
    /// Adds bytes; keeps what makes whole parts.
    async fn add(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        self.waiting.extend(bytes);
        let whole = self.waiting.len() / CHUNK_BYTES * CHUNK_BYTES;
        let rest = self.waiting.split_off(whole);
        let waiting = std::mem::replace(&mut self.waiting, rest);
        for part in waiting.chunks(CHUNK_BYTES) {
            self.keep(part).await?;
        }
        Ok(())
    }

    /// Keeps what is left.
    async fn end(mut self) -> Result<(), Failure> {
        let rest = std::mem::take(&mut self.waiting);
        if rest.is_empty() { Ok(()) } else { self.keep(&rest).await }
    }

    async fn keep(&mut self, part: &[u8]) -> Result<(), Failure> {
        if !grid::put_chunk(&self.state.store, self.claimed, self.number, part).await? {
            return Err(Failure::Abandoned);
        }
        self.number += 1;
        Ok(())
    }
}
