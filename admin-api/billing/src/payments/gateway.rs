//! A payment comes by a gateway: by card, as the client wanted or automatically.
//!
//! Owns: what a gateway has to say, the end of an intent to pay.
//! Does not own: how gateways are asked, what a refusal of theirs means (`credit::autopay`), intents otherwise (`cabinet`).
//! Always: money that came is never refused: what its account does not take waits for somebody to look; a reference of a gateway is one payment, for ever, however
//! often it is told.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;

use super::booking::{Booking, Matched, book};
use super::decide::Wait;
use super::enter::{Entered, is_money};
use super::error::PaymentError;
use super::held::{self, Payee};
use super::import::alone;
use super::words::Choice;
use crate::change::Change;

/// What a gateway tells.
#[derive(Clone, Debug)]
pub struct GatewayPayment<'a> {
    /// Code of the gateway.
    pub gateway: &'a str,
    /// What it knows the payment by.
    pub reference: &'a str,
    /// Code of the account that was to be paid.
    pub account: &'a str,
    /// How much came.
    pub amount: Decimal,
    /// Currency.
    pub currency: &'a str,
    /// The day on which the money moved.
    pub value_date: NaiveDate,
    /// The intent that it answers.
    pub intent: Option<i64>,
    /// What for, as the client reads it.
    pub purpose: &'a str,
}

/// Books what a gateway tells; told again, it is the payment of then.
///
/// # Errors
/// No such account; a reference that stands for another payment; a sum that is none.
pub async fn receive(change: &mut Change, told: &GatewayPayment<'_>, reason: &str) -> Result<Entered, PaymentError> {
    is_money(told.amount)?;
    let payee = Payee::find(change.connection(), told.account).await?;
    let external_id = format!("card:{}:{}", told.gateway, told.reference);
    alone(change.connection(), &external_id).await?;
    if let Some(known) = known(change, told, &external_id).await? {
        let after = json!({"reference": external_id, "repeated": true});
        change.record("payment.receive", "payment", known.id, &json!({}), &after, reason);
        return Ok(known);
    }
    let account = (payee.id, payee.code.clone());
    let wait = match payee.takes(told.currency) {
        Ok(()) => None,
        Err(_) if !payee.is_active => Some(Wait::closed(account)),
        Err(_) => Some(Wait::foreign(account, &payee.currency, told.currency)),
    };
    let id = write(change, told, &payee, &external_id, wait.clone().unwrap_or_default()).await?;
    let mut posting = None;
    if wait.is_none() {
        let booking = Booking {
            payment: id,
            account: payee.id,
            amount: told.amount,
            value_date: told.value_date,
            day: None,
            description: if told.purpose.is_empty() {
                held::description("", told.value_date)
            } else {
                told.purpose.to_owned()
            },
            matched: Matched {
                rule: "gateway",
                ru: format!("Платёж через {}", told.gateway),
                en: format!("A payment by {}", told.gateway),
            },
            choice: Choice::OldestFirst,
        };
        posting = book(change, &[booking]).await?.first().copied();
    }
    end_intent(change, told, payee.id, id).await?;
    let after = json!({
        "reference": external_id, "amount": told.amount.normalize(), "currency": told.currency, "account": payee.code, "posting": posting, "intent": told.intent,
        "doubt": wait.map(|wait| wait.doubt),
    });
    change.record("payment.receive", "payment", id, &json!({}), &after, reason);
    Ok(Entered { id, posting })
}

/// The payment with this reference.
async fn known(
    change: &mut Change,
    told: &GatewayPayment<'_>,
    external_id: &str,
) -> Result<Option<Entered>, PaymentError> {
    let row =
        sqlx::query("SELECT id, amount, currency::text AS currency, posting_id FROM payment WHERE external_id = $1")
            .bind(external_id)
            .fetch_optional(change.connection())
            .await?;
    let Some(row) = row else { return Ok(None) };
    let id: i64 = row.get("id");
    if row.get::<Decimal, _>("amount") != told.amount || row.get::<&str, _>("currency") != told.currency {
        return Err(PaymentError::OtherPayment(id));
    }
    Ok(Some(Entered { id, posting: row.get("posting_id") }))
}

async fn write(
    change: &mut Change,
    told: &GatewayPayment<'_>,
    payee: &Payee,
    external_id: &str,
    wait: Wait,
) -> Result<i64, PaymentError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let id = sqlx::query_scalar(
        "INSERT INTO payment (source, external_id, legal_entity_id, amount, currency, value_date, purpose, intent_id, doubt, why_ru, why_en, candidates,
                              created_at, created_by)
         VALUES ('card', $1, $2, $3, $4, $5, $6, (SELECT i.id FROM payment_intent i WHERE i.id = $7 AND i.account_id = $8), $9, $10, $11, $12, $13, $14)
         RETURNING id",
    )
    .bind(external_id)
    .bind(payee.entity)
    .bind(told.amount)
    .bind(told.currency)
    .bind(told.value_date)
    .bind(told.purpose)
    .bind(told.intent)
    .bind(payee.id)
    .bind(&wait.doubt)
    .bind(&wait.ru)
    .bind(&wait.en)
    .bind(wait.ids())
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    Ok(id)
}

/// The intent of the account that the payment names is paid.
async fn end_intent(
    change: &mut Change,
    told: &GatewayPayment<'_>,
    account: i64,
    payment: i64,
) -> Result<(), PaymentError> {
    let now = change.now();
    sqlx::query(
        "UPDATE payment_intent SET state = 'paid', paid_at = $3, payment_id = $4 WHERE id = $1 AND account_id = $2 AND state = 'new'",
    )
    .bind(told.intent)
    .bind(account)
    .bind(now)
    .bind(payment)
    .execute(change.connection())
    .await?;
    Ok(())
}
