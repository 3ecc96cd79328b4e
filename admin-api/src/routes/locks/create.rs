//! `POST /v1/locks`: bar a prefix or a number, for an account or for all (M25, M26).
//!
//! Owns: what the request says.
//! Does not own: what may be barred (`billing::locks`).
//! Always: no lock without a comment; an emergency code is refused (A1); what is barred already is refused by naming the lock.

use axum::extract::State;
use axum::response::Response;
use billing::locks::{self, NewLock, Period};
use billing::settings::Settings;
use rating::lock::LockOrigin;
use serde::Deserialize;
use utoipa::ToSchema;

use super::LockView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted lock. No `Debug`: numbers do not belong into logs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedLock {
    /// Code of the account; without it the lock is for all.
    account: Option<String>,
    /// A prefix or a whole number of the international plan, with or without `+`, or `short:CODE`.
    mask: String,
    /// Code of the provider; without it the lock holds whatever the provider.
    provider: Option<String>,
    /// Who asks for it: `client`, `operator` or `fraud`.
    origin: String,
    /// First moment (RFC 3339) or day of the billing zone; what is past counts from now, as when absent.
    from: Option<String>,
    /// Moment after the last (RFC 3339), or last day; open when absent.
    to: Option<String>,
    /// Why; obligatory: support reads it to the customer.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    comment: Option<String>,
}

/// Make a lock
///
/// In force within seconds. `Idempotency-Key` makes it safe to repeat the request.
#[utoipa::path(
    post, path = "/v1/locks", operation_id = "lock_create", tag = "locks",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedLock, example = json!({
        "account": "A-000001", "mask": "38", "origin": "client", "comment": "письмо клиента от 1 июля"
    })),
    responses((status = 200, description = "Made", body = LockView, example = json!(
        {"id": 5, "scope": "local", "account": "A-000001", "mask": "38", "provider": null, "origin": "client",
        "active": true, "from": "2026-07-01T10:00:00Z", "to": null, "in_force": true, "since": "2026-07-01T10:00:00Z",
        "author": "ivanova", "comment": "письмо клиента от 1 июля", "created_at": "2026-07-01T10:00:00Z", "deleted_at": null, "revision": 1}
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedLock>,
) -> Result<Response, Problem> {
    let new = wanted(&body.value, &*state.settings()?)?;
    let key = context.idempotency("lock_create", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = locks::create(&mut change, &new).await?;
    let made = locks::changed(&mut change, id).await?;
    writes::commit(change, &LockView::from(made)).await
}

fn wanted(asked: &WantedLock, settings: &Settings) -> Result<NewLock, Problem> {
    let zone = settings.zone("billing.zone")?;
    let origins = || LockOrigin::ALL.iter().map(|origin| origin.as_str());
    let word = |pointer: &str, text: &Option<String>| {
        given(text.as_deref()).map(|text| inputs::word(pointer, text).map(str::to_owned)).transpose()
    };
    let from = given(asked.from.as_deref()).map(|text| inputs::moment("/from", text, zone, false)).transpose()?;
    let to = given(asked.to.as_deref()).map(|text| inputs::moment("/to", text, zone, true)).transpose()?;
    Ok(NewLock {
        account: word("/account", &asked.account)?,
        mask: inputs::mask("/mask", &asked.mask, settings)?,
        provider: word("/provider", &asked.provider)?,
        origin: inputs::one_of("/origin", &asked.origin, origins())?,
        validity: Period { from, to },
        comment: inputs::words_of_reason("/comment", asked.comment.as_deref())?.to_owned(),
    })
}
