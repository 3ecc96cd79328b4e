//! `POST /v1/parties/import`: bring in a file of the registry (S1).
//!
//! Owns: what the request carries and what is answered.
//! Does not own: reading the file (`billing::parties`).
//! Always: a file is taken as a whole, or refused with all its faults and leaves nothing behind.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use billing::parties::{self, Imported};
use billing::price_lists::{SheetOptions, TextEncoding};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call_context::CallContext;
use crate::extract::Params;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a file of the registry is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RegistryQuery {
    /// Name of the file, for the audit.
    #[param(example = "egrul-2026-07.csv")]
    file: Option<String>,
    /// `utf-8`, `utf-16` or `windows-1251`. Without it, it is found out.
    encoding: Option<String>,
    /// Why; obligatory.
    #[param(required = true, example = "monthly extract")]
    reason: Option<String>,
}

/// What a file of the registry did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportedView {
    /// Rows of the file.
    rows: usize,
    /// Parties that were not there.
    new: usize,
    /// Parties that changed.
    changed: usize,
    /// Parties that were so already.
    same: usize,
    /// Of those that changed: their status.
    status_changes: usize,
}

/// Import a file of the registry
///
/// The body is the file: CSV (UTF-8, UTF-16 or Windows-1251, delimiter `,`, `;` or tab) or XLSX, up to 64 MB. The first row has the titles, in any order and
/// case: `inn`/ИНН, `name`/Наименование/Название/ФИО and `status`/Статус are needed; `kpp`/КПП, `ogrn`/ОГРН/ОГРНИП, `kind`/Вид (ЮЛ, ИП, ФЛ; else by the
/// length of INN and OGRN), `termination_date`/Дата прекращения/Дата ликвидации, `registered_at`/Дата регистрации, `region`/Регион, `city`/Город,
/// `legal_address`/Адрес, `phone`/Телефон, `email`/Почта are read where they are there, and stay as they are where they are not. Dates are `YYYY-MM-DD` or
/// `DD.MM.YYYY`; a status is one of the five words of the API, or Действующий, Недействующий, (В стадии) реорганизации, банкротства, ликвидации.
///
/// A party is found by INN and KPP. Every row is validated; all faults come at once, each with row and column (the first 1,000 of them, and how many there
/// are).
#[utoipa::path(
    post, path = "/v1/parties/import", operation_id = "party_import", tag = "parties",
    params(RegistryQuery, ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = String, content_type = "text/csv", description = "The file", example = json!("ИНН;КПП;Наименование;Статус\n7707083893;770701001;ООО «Строй Сервис»;Действующий\n")),
    responses((status = 200, description = "Taken", body = ImportedView, example = json!({"rows": 3, "new": 1, "changed": 1, "same": 1, "status_changes": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Params(asked): Params<RegistryQuery>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let reason = inputs::reason(asked.reason.as_deref())?;
    let file = given(asked.file.as_deref()).map(|name| inputs::word("/file", name)).transpose()?.unwrap_or("file");
    let encoding = match given(asked.encoding.as_deref()) {
        None => None,
        Some("utf-8") => Some(TextEncoding::Utf8),
        Some("utf-16") => Some(TextEncoding::Utf16),
        Some("windows-1251") => Some(TextEncoding::Windows1251),
        Some(_) => {
            let expected =
                Text::fixed("Ожидается utf-8, utf-16 или windows-1251", "utf-8, utf-16 or windows-1251 is expected");
            return Err(Problem::field("/encoding", expected));
        }
    };
    let options = SheetOptions { encoding, ..SheetOptions::default() };
    let key = context.idempotency("party_import", &query.unwrap_or_default(), &body);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let done = parties::import(&mut change, file, body.to_vec(), options, reason).await?;
    let Imported { rows, new, changed, same, status_changes } = done;
    writes::commit(change, &ImportedView { rows, new, changed, same, status_changes }).await
}
