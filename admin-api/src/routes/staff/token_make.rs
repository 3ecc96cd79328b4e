//! `POST /v1/staff/{login}/tokens`: make a token of a user.
//!
//! Owns: what the request says, the token's bits.
//! Does not own: how far a token may go (`billing::staff`).
//! Always: the token is in this answer and nowhere else, which is why a repeated request makes another one.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff::{self, NewToken};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::tokens;
use crate::writes::{self, Write};

/// A wanted token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedToken {
    /// What it is for.
    name: String,
    /// What it is narrowed to; absent: all that its owner may at each moment, and where that is somebody else, what he may now.
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// Days that it lives.
    days: i64,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// The token. No `Debug`: it is a secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeToken {
    /// Identifier, by which it is revoked.
    id: i64,
    /// The token itself, shown this once.
    token: String,
    /// The moment from which it is no longer valid.
    expires_at: DateTime<Utc>,
}

/// Make a token
///
/// Put it into `Authorization: Bearer ..`. It may no more than its owner at the moment of a call, and no more than its scopes. Whoever makes it gives no more
/// than he has, and nobody makes one for somebody who may more. By the right to be its owner one is made in a session only. There is no `Idempotency-Key` here:
/// the answer is kept nowhere; revoke a token whose answer was lost.
#[utoipa::path(
    post, path = "/v1/staff/{login}/tokens", operation_id = "staff_token_make", tag = "staff",
    params(("login" = String, Path, description = "Login, in any case", example = "petrova")),
    request_body(content = WantedToken, example = json!({"name": "мониторинг", "scopes": ["import.view"], "days": 90, "reason": "панель дежурного"})),
    responses((status = 201, description = "Made", body = MadeToken, example = json!({"id": 7, "token": "tollgate_..", "expires_at": "2026-09-29T10:00:00Z"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(login): Path<String>,
    body: JsonBody<WantedToken>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    if context.idempotency("staff_token_make", &login, &body.bytes).is_some() {
        let detail = Text::fixed(
            "Ответ с токеном нигде не хранится, повторить его нельзя: уберите заголовок",
            "The answer with the token is kept nowhere and cannot be repeated: leave the header out",
        );
        return Err(Problem::field("Idempotency-Key", detail));
    }
    let scopes = asked.scopes.as_ref().map(|names| super::permissions("/scopes", names)).transpose()?;
    if asked.days < 1 {
        return Err(Problem::field(
            "/days",
            Text::fixed("Ожидается целое число от 1", "A whole number from 1 is expected"),
        ));
    }
    let reason = inputs::reason(asked.reason.as_deref())?;
    let token = tokens::random()?;
    let new = NewToken {
        name: inputs::word("/name", asked.name.trim())?,
        scopes,
        days: asked.days,
        days_max: state.settings()?.number("token.max_days")?,
        token: &token,
    };
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let (id, expires_at) = staff::make_token(&mut change, &context.staff, &login, &new, reason).await?;
    writes::created(change, &MadeToken { id, token, expires_at }).await
}
