//! `POST /v1/accounts`: open an account (B13).
//!
//! Owns: what the request says.
//! Does not own: what stands against it (`billing::accounts`).
//! Always: credit is given by those alone who may give it, also with a new account.

use axum::extract::State;
use axum::response::Response;
use billing::accounts::{self, CreditPolicy, DeferralTerms, NewAccount, OpeningRules, PaymentMode};
use billing::staff::Permission;
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use super::get::AccountView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedAccount {
    /// Code of the client.
    client: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// Code of the account; made by the setting `account.code_format` when absent.
    #[serde(default)]
    code: Option<String>,
    /// Currency; that of the legal entity, which it has to be.
    #[serde(default)]
    currency: Option<String>,
    /// IANA time zone; that of the legal entity when absent.
    #[serde(default)]
    zone: Option<String>,
    /// `prepaid` or `postpaid`; `prepaid` when absent.
    #[serde(default)]
    payment_mode: Option<String>,
    /// `none`, `monthly` (postpaid) or `days` (prepaid); `none` when absent.
    #[serde(default)]
    credit_policy: Option<String>,
    /// Credit limit, a decimal as a string; 0 when absent.
    #[serde(default)]
    credit_limit: Option<String>,
    /// Whether credit by the month is given now; at the turn of the month when absent or `false`.
    #[serde(default)]
    credit_at_once: Option<bool>,
    /// Days from the issue of a payment invoice until it is overdue, for credit by days; for ever when absent.
    #[serde(default)]
    deferral_days: Option<u32>,
    /// Days from the issue until it stops work with services; never when absent.
    #[serde(default)]
    block_after_days: Option<u32>,
    /// Code of the tariff plan.
    #[serde(default)]
    plan: Option<String>,
    /// From when the plan counts: a moment, or a day of the billing zone; now when absent.
    #[serde(default)]
    plan_from: Option<String>,
    /// Login of who answers for the account.
    #[serde(default)]
    responsible: Option<String>,
    /// Code of the card in the accounting program.
    #[serde(default)]
    card_code: Option<String>,
    /// For staff.
    #[serde(default)]
    comment: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Open an account
///
/// A client has one active account at a legal entity at most, unless the setting `account.one_per_entity` says otherwise. Opening connects the client to the
/// legal entity, unless the setting `client.auto_connect` says otherwise. Anything but a prepaid account without credit takes `account.credit` too.
#[utoipa::path(
    post, path = "/v1/accounts", operation_id = "account_open", tag = "accounts",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedAccount, example = json!({
        "client": "C-000001", "legal_entity": "T", "payment_mode": "postpaid", "credit_policy": "monthly", "credit_limit": "1000", "plan": "base",
        "responsible": "ivanova", "card_code": "К-00017", "reason": "договор 12"
    })),
    responses((status = 201, description = "Opened", body = AccountView, example = json!({
        "code": "A-000001", "client": "C-000001", "legal_entity": "T", "currency": "RUB", "zone": "Europe/Moscow", "payment_mode": "postpaid",
        "credit_policy": "monthly", "credit_limit": "1000", "balance": "0", "active": true, "status": "active", "available": true, "plan": "base",
        "responsible": "ivanova", "card_code": "К-00017", "comment": "", "opened_at": "2026-07-01T10:00:00Z", "opened_by": "ivanova", "closed_at": null,
        "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedAccount>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let settings = state.settings()?;
    let word = |pointer: &str, text: &Option<String>| {
        given(text.as_deref()).map(|text| inputs::word(pointer, text).map(str::to_owned)).transpose()
    };
    let new = NewAccount {
        code: word("/code", &asked.code)?,
        client: inputs::word("/client", asked.client.trim())?.to_owned(),
        entity: inputs::word("/legal_entity", asked.legal_entity.trim())?.to_owned(),
        currency: given(asked.currency.as_deref()).map(|text| inputs::currency("/currency", text)).transpose()?,
        zone: given(asked.zone.as_deref()).map(|text| inputs::zone("/zone", text)).transpose()?,
        payment_mode: super::payment_mode(asked.payment_mode.as_deref())?.unwrap_or(PaymentMode::Prepaid),
        credit_policy: super::credit_policy(asked.credit_policy.as_deref())?.unwrap_or(CreditPolicy::None),
        credit_limit: super::credit_limit(asked.credit_limit.as_deref())?.unwrap_or(Decimal::ZERO),
        credit_at_once: asked.credit_at_once.unwrap_or_default(),
        deferral: DeferralTerms {
            days: asked.deferral_days.map(super::deferral_days),
            block_after_days: asked.block_after_days.map(super::deferral_days),
        },
        plan: word("/plan", &asked.plan)?,
        plan_from: super::moment("/plan_from", asked.plan_from.as_deref(), &settings)?,
        responsible: word("/responsible", &asked.responsible)?,
        card_code: word("/card_code", &asked.card_code)?,
        comment: inputs::party::text("/comment", asked.comment.as_deref().unwrap_or_default(), 10_000)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    super::may_give_credit(&context, new.has_credit())?;
    let rules = OpeningRules::of(&settings)?;
    let key = context.idempotency("account_open", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let may_past = context.staff.may(Permission::AccountPlanPast);
    let code = accounts::open(&mut change, &new, &rules, may_past, reason).await.map_err(super::among_terms)?;
    let account = accounts::changed(&mut change, &code).await?;
    writes::created(change, &AccountView::from(account)).await
}
