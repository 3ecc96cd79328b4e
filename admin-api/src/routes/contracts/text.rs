//! `GET /v1/contracts/{id}/text`: the text of a contract as it was filled in.
//!
//! Owns: the two forms in which it is sent.
//! Does not own: what was filled in (`billing::contracts`).
//! Always: in HTML nothing of the text is markup; what was cleaned is for those who may clean.

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use billing::contracts::{self, ContractText};
use billing::staff::Permission;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::call_context::CallContext;
use crate::extract::Params;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TextQuery {
    /// `text` (as when absent) or `html`.
    #[param(example = "text")]
    format: Option<String>,
}

/// The text of a contract
///
/// After the data of its client were cleaned, it is kept for the law: only those who may clean data read it (`client.clean`).
#[utoipa::path(
    get, path = "/v1/contracts/{id}/text", operation_id = "contract_text", tag = "contracts",
    params(("id" = i64, Path, description = "Identifier of the contract", example = 7), TextQuery),
    responses((status = 200, description = "The text: `text/plain`, or a page of `text/html`", content_type = "text/plain", body = String,
        example = json!("Договор № T-2026-00001 от 01.07.2026\nООО «Оператор» и ООО «Строй Сервис», ИНН 7707083893")))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    Params(asked): Params<TextQuery>,
) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let as_html = match given(asked.format.as_deref()) {
        None | Some("text") => false,
        Some("html") => true,
        Some(_) => {
            return Err(Problem::field("/format", Text::fixed("Ожидается text или html", "text or html is expected")));
        }
    };
    let found = contracts::text(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    if found.cleaned && !context.staff.may(Permission::ClientClean) {
        return Err(Problem::new(Code::Cleaned));
    }
    let ContractText { number, text, .. } = found;
    let (kind, body) =
        if as_html { ("text/html; charset=utf-8", page(&number, &text)) } else { ("text/plain; charset=utf-8", text) };
    Ok(([(CONTENT_TYPE, kind)], body).into_response())
}

fn page(title: &str, text: &str) -> String {
    let (title, text) = (escaped(title), escaped(text));
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title></head><body><pre>{text}</pre></body></html>\n"
    )
}

/// A text in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        let page = page("1<2", "<script>\"A\" & 'B'</script>");
        assert!(page.contains("<title>1&lt;2</title>"), "{page}");
        assert!(page.contains("<pre>&lt;script&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/script&gt;</pre>"), "{page}");
    }
}
