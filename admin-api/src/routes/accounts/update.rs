//! `PUT /v1/accounts/{code}`: change the terms of an account (A13, B15, B16, M69).
//!
//! Owns: what the request says.
//! Does not own: which terms go together (`billing::accounts`).
//! Always: a field that is absent stays, `null` empties it; credit terms are changed by those alone who may.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::accounts::{self, AccountUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::get::AccountView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How an account is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// `prepaid` or `postpaid`.
    #[serde(default)]
    payment_mode: Option<String>,
    /// `none`, `monthly` (postpaid) or `days` (prepaid).
    #[serde(default)]
    credit_policy: Option<String>,
    /// Credit limit, a decimal as a string.
    #[serde(default)]
    credit_limit: Option<String>,
    /// With a switch to monthly credit: whether it is given now; at the turn of the month when absent or `false` (M54).
    #[serde(default)]
    credit_at_once: Option<bool>,
    /// Days from the issue of a payment invoice until it is overdue, for credit by days; `null`: for ever.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    deferral_days: Edit<u32>,
    /// Days from the issue until it stops work with services; `null`: never.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    block_after_days: Edit<u32>,
    /// Login of who answers for the account; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    responsible: Edit<String>,
    /// Code of the card in the accounting program; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    card_code: Edit<String>,
    /// For staff.
    #[serde(default)]
    comment: Option<String>,
    /// IANA time zone; it stays once there is usage.
    #[serde(default)]
    zone: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Days of a deferral, as the room knows them.
fn days(asked: Edit<u32>) -> Edit<i32> {
    match asked {
        Edit::Keep => Edit::Keep,
        Edit::Clear => Edit::Clear,
        Edit::Set(days) => Edit::Set(super::deferral_days(days)),
    }
}

/// Change an account
///
/// Payment mode, credit policy and limit go together: monthly credit asks for postpaid, credit by days for prepaid, and without a policy there is no limit. To
/// change them takes `account.credit` too.
#[utoipa::path(
    put, path = "/v1/accounts/{code}", operation_id = "account_update", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = AccountChange, example = json!({"responsible": "ivanova", "card_code": "К-00017", "reason": "передан из другого отдела"})),
    responses((status = 200, description = "Changed", body = AccountView, example = json!({
        "code": "A-000001", "client": "C-000001", "legal_entity": "T", "currency": "RUB", "zone": "Europe/Moscow", "payment_mode": "postpaid",
        "credit_policy": "monthly", "credit_limit": "1000", "balance": "0", "active": true, "status": "active", "available": true, "plan": "base",
        "responsible": "ivanova", "card_code": "К-00017", "comment": "", "opened_at": "2026-07-01T10:00:00Z", "opened_by": "ivanova", "closed_at": null,
        "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<AccountChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let word = |pointer: &'static str| move |text: String| inputs::word(pointer, text.trim()).map(str::to_owned);
    let wanted = AccountUpdate {
        payment_mode: super::payment_mode(asked.payment_mode.as_deref())?,
        credit_policy: super::credit_policy(asked.credit_policy.as_deref())?,
        credit_limit: super::credit_limit(asked.credit_limit.as_deref())?,
        credit_at_once: asked.credit_at_once.unwrap_or_default(),
        deferral_days: days(asked.deferral_days),
        block_after_days: days(asked.block_after_days),
        responsible: asked.responsible.try_map(word("/responsible"))?,
        card_code: asked.card_code.try_map(word("/card_code"))?,
        comment: asked.comment.as_deref().map(|text| inputs::party::text("/comment", text, 10_000)).transpose()?,
        zone: given(asked.zone.as_deref()).map(|text| inputs::zone("/zone", text)).transpose()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    super::may_give_credit(&context, wanted.touches_credit())?;
    let key = context.idempotency("account_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let done = accounts::update(&mut change, &code, &wanted, context.revision, reason).await;
    done.map_err(super::among_terms)?;
    let account = accounts::changed(&mut change, &code).await?;
    writes::commit(change, &AccountView::from(account)).await
}
