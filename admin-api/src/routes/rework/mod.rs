//! Endpoints of work that rates again: jobs, re-rating, roll-back.
//!
//! Owns: how a job is shown, which permission its kind asks for, what a job that cannot be filed is answered.
//! Does not own: the jobs (`billing::rework`), their execution (the ingest).
//! Always: a job is filed here and executed elsewhere; the answer names the job to watch.

pub(crate) mod cancel;
pub(crate) mod differences;
pub(crate) mod execute;
pub(crate) mod get;
pub(crate) mod re_rate;
pub(crate) mod roll_back;

use axum::response::Response;
use billing::rework::{self, FileError, Job, Kind, Scope};
use billing::staff::Permission;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::{CallContext, forbidden};
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// A job. Numbers of its scope are of people; no `Debug`.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobView {
    /// Identifier.
    pub(super) id: i64,
    /// `recycle`, `discard`, `rerate`, `rollback`.
    kind: &'static str,
    /// What it is done to, as it was asked for.
    #[schema(value_type = Object)]
    scope: serde_json::Value,
    /// Why.
    reason: String,
    /// `queued`, `running`, `previewed` (its dry run is over, it waits to be executed), `done`, `failed`, `cancelled`.
    state: String,
    /// Whether it is, or was last, in its dry run.
    dry_run: bool,
    /// Version of the catalogue that charges are rated again by.
    catalogue_version: i64,
    /// Portions in all; `null` until they are counted.
    portions: Option<i64>,
    /// Portions done.
    done: i64,
    /// What became of how many.
    #[schema(value_type = Object)]
    counts: serde_json::Value,
    /// Why it failed.
    problem: Option<String>,
    /// Who asked for it.
    author: String,
    /// When.
    filed_at: DateTime<Utc>,
    /// When the present or last pass was begun.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        Self {
            id: job.id,
            kind: job.kind.as_str(),
            scope: serde_json::to_value(&job.scope).unwrap_or_default(),
            reason: job.reason,
            state: job.state,
            dry_run: job.dry_run,
            catalogue_version: job.catalogue_version,
            portions: job.portions,
            done: job.done,
            counts: job.counts,
            problem: job.problem,
            author: job.author,
            filed_at: job.filed_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

/// A job that was filed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FiledView {
    /// Number of the job; `GET /v1/rework/{id}` shows how far it is.
    pub(crate) job: i64,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    pub(super) reason: Option<String>,
}

/// What a kind of job asks for.
const fn permission(kind: Kind) -> Permission {
    match kind {
        Kind::Recycle => Permission::SuspenseRecycle,
        Kind::Discard => Permission::SuspenseCorrect,
        Kind::Rerate => Permission::ChargeRerate,
        Kind::Rollback => Permission::ChargeRollback,
    }
}

/// Refuses who may not do what the job does.
fn check(context: &CallContext, job: &Job) -> Result<(), Problem> {
    let needed = permission(job.kind);
    if context.staff.may(needed) { Ok(()) } else { Err(forbidden(needed)) }
}

/// Files a job for a request: `operation` and its body are what an `Idempotency-Key` is bound to.
pub(crate) async fn filed(
    state: &AppState,
    context: &CallContext,
    (operation, body): (&str, &[u8]),
    (kind, scope, reason): (Kind, &Scope, &str),
) -> Result<Response, Problem> {
    let key = context.idempotency(operation, "", body);
    let mut change = match writes::begin(state, context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let job = rework::file(&mut change, kind, scope, reason).await.map_err(refused)?;
    writes::commit(change, &FiledView { job }).await
}

/// What a job that cannot be filed is answered.
fn refused(error: FileError) -> Problem {
    match error {
        FileError::NoAccount(code) => Problem::field(
            "/account",
            Text::new(format!("Лицевого счёта `{code}` нет"), format!("There is no account `{code}`")),
        ),
        FileError::NoTopic { cluster, topic } => Problem::field(
            "/place/topic",
            Text::new(
                format!("По теме `{topic}` кластера `{cluster}` в этот раздел записи не приходили"),
                format!("No records came by this partition of topic `{topic}` of cluster `{cluster}`"),
            ),
        ),
        FileError::NotCharged { partition, next_offset } => Problem::field(
            "/place/to_offset",
            Text::new(
                format!("Раздел {partition} обработан только до смещения {next_offset}; укажите не больше"),
                format!("Partition {partition} is charged up to offset {next_offset} only; ask for no more"),
            ),
        ),
        FileError::ImportWaits { import, partition, next_offset } => Problem::field(
            "/import",
            Text::new(
                format!(
                    "Записи импорта {import} ждут в разделе {partition} (обработан до смещения {next_offset}); откатите, когда они обработаны"
                ),
                format!(
                    "Records of import {import} wait in partition {partition} (charged up to offset {next_offset}); roll it back when they are charged"
                ),
            ),
        ),
        FileError::NoImport(import) => Problem::field(
            "/import",
            Text::new(
                format!("Импорта {import} нет; номера — в GET /v1/imports"),
                format!("There is no import {import}; GET /v1/imports has the numbers"),
            ),
        ),
        FileError::ImportSending(import) => Problem::new(Code::InvalidTransition).because(Text::new(
            format!(
                "Импорт {import} ещё отправляется; откатите его, когда он будет отправлен или 10 минут не продвигается"
            ),
            format!(
                "Import {import} is still being sent; roll it back when it is sent, or has not moved for 10 minutes"
            ),
        )),
        FileError::ImportReplaced { import, successor } => Problem::new(Code::InvalidTransition).because(Text::new(
            format!(
                "Файл импорта {import} изменился во время отправки, на смену пришёл импорт {successor}: записи, которые есть в обоих, учтены по импорту {import} и пропали бы. Сначала откатите импорт {successor}"
            ),
            format!(
                "The file of import {import} changed while it was sent, and import {successor} came in its place: records that both hold are charged by import {import} and would be lost. Roll import {successor} back first"
            ),
        )),
        FileError::RolledBack { import, job } => Problem::new(Code::InvalidTransition).because(Text::new(
            format!("Импорт {import} уже откачен заданием {job}"),
            format!("Import {import} was rolled back already by job {job}"),
        )),
        FileError::Store(error) => error.into(),
    }
}

/// The refusal of a step that the state of a job does not allow.
fn not_now(job: &Job) -> Problem {
    let state = &job.state;
    let detail = Text::new(
        format!("Задание {} в состоянии `{state}`; этот шаг для него невозможен", job.id),
        format!("Job {} is `{state}`; this step does not exist for it", job.id),
    );
    Problem::new(Code::InvalidTransition).because(detail)
}
