//! `POST /v1/cabinet/locks`: bar a prefix or a number on an account of the client (M25).
//!
//! Owns: what the request says.
//! Does not own: what may be barred (`billing::locks`).
//! Always: the lock is the client's own wish, whoever enters it, an employee by his own right to; somebody else's account is none.

use axum::extract::State;
use axum::response::Response;
use billing::locks::{self, NewLock, Period};
use billing::staff::Permission;
use rating::lock::LockOrigin;
use serde::Deserialize;
use utoipa::ToSchema;

use super::OwnLockView;
use crate::cabinet_context::CabinetContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted lock. No `Debug`: numbers do not belong into logs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedOwnLock {
    /// Code of the account.
    account: String,
    /// A prefix or a whole number of the international plan, with or without `+`, or `short:CODE`.
    mask: String,
    /// First moment (RFC 3339) or day of the billing zone; what is past counts from now, as when absent.
    from: Option<String>,
    /// Moment after the last (RFC 3339), or last day; open when absent.
    to: Option<String>,
    /// Why; obligatory: whoever asks why a call does not pass hears it.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    comment: Option<String>,
}

/// Bar a prefix or a number
///
/// In force within seconds.
#[utoipa::path(
    post, path = "/v1/cabinet/locks", operation_id = "cabinet_lock_create", tag = "cabinet",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedOwnLock, example = json!({"account": "A-000001", "mask": "38", "comment": "не звоним туда"})),
    responses((status = 201, description = "Made", body = OwnLockView, example = json!(
        {"id": 5, "account": "A-000001", "mask": "38", "from": "2026-07-01T10:00:00Z", "to": null, "in_force": true, "comment": "не звоним туда",
         "created_at": "2026-07-01T10:00:00Z", "revision": 1}
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    body: JsonBody<WantedOwnLock>,
) -> Result<Response, Problem> {
    context.by_own_right(Permission::LockEdit)?;
    let asked = &body.value;
    let settings = state.settings()?;
    let zone = settings.zone("billing.zone")?;
    let from = given(asked.from.as_deref()).map(|text| inputs::moment("/from", text, zone, false)).transpose()?;
    let to = given(asked.to.as_deref()).map(|text| inputs::moment("/to", text, zone, true)).transpose()?;
    let new = NewLock {
        account: Some(asked.account.clone()),
        mask: inputs::mask("/mask", &asked.mask, &settings)?,
        provider: None,
        origin: LockOrigin::Client,
        validity: Period { from, to },
        comment: inputs::words_of_reason("/comment", asked.comment.as_deref())?.to_owned(),
    };
    super::own_account(&state, &context, "/account", &asked.account).await?;
    let key = context.idempotency("cabinet_lock_create", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = locks::create(&mut change, &new).await?;
    let made = locks::changed(&mut change, id).await?;
    writes::created(change, &OwnLockView::from(made)).await
}
