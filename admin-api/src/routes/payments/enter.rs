//! `POST /v1/payments`: write down a payment that came (L17).
//!
//! Owns: what the request says.
//! Does not own: payments (`billing::payments`).
//! Always: by the number of a document; entered again, or told by the bank before or later, it stays one payment.

use axum::extract::State;
use axum::response::Response;
use billing::payments::statement::Party;
use billing::payments::{self, NewPayment, Source};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::wanted::{self, WantedPays};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Longest purpose.
const PURPOSE_CHARS_MAX: usize = 1_000;

/// A payment that came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceivedPayment {
    /// `manual` (by a document of a bank, as when absent) or `cash`.
    #[serde(default)]
    source: Option<String>,
    /// Code of the account that gets it. Absent: it is looked for by the rules of statements, and waits in the work list where they find none.
    #[serde(default)]
    account: Option<String>,
    /// Account of ours at a bank, 20 digits.
    #[serde(default)]
    bank_account: Option<String>,
    /// Code of the legal entity, where neither account says it.
    #[serde(default)]
    legal_entity: Option<String>,
    /// Number of the document of the bank, or of the cash desk.
    number: String,
    /// Date of the document, `YYYY-MM-DD`.
    #[serde(default)]
    date: Option<String>,
    /// The day on which the money moved, `YYYY-MM-DD`, not after today.
    value_date: String,
    /// The day that it counts for in the books; the value date while its month is open, else today.
    #[serde(default)]
    day: Option<String>,
    /// How much: a decimal as a string, above zero, at most two decimals.
    amount: String,
    /// Currency; when given it has to be that of the account.
    #[serde(default)]
    currency: Option<String>,
    /// Who pays.
    #[serde(default)]
    payer: Option<ReceivedFrom>,
    /// What for, as the payer wrote it.
    #[serde(default)]
    purpose: Option<String>,
    /// What it pays, where an account is named; the oldest first when absent.
    #[serde(default)]
    pays: Option<WantedPays>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Who pays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceivedFrom {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// INN.
    #[serde(default)]
    inn: Option<String>,
    /// KPP.
    #[serde(default)]
    kpp: Option<String>,
    /// Account.
    #[serde(default)]
    account: Option<String>,
    /// BIC of the bank.
    #[serde(default)]
    bic: Option<String>,
    /// Name of the bank.
    #[serde(default)]
    bank: Option<String>,
}

impl ReceivedFrom {
    fn read(&self) -> Result<Party, Problem> {
        let text = |field: &str, text: &Option<String>| {
            inputs::party::text(&format!("/payer/{field}"), text.as_deref().unwrap_or_default(), 300)
        };
        Ok(Party {
            name: text("name", &self.name)?,
            inn: text("inn", &self.inn)?,
            kpp: text("kpp", &self.kpp)?,
            account: text("account", &self.account)?,
            bic: text("bic", &self.bic)?,
            bank: text("bank", &self.bank)?,
        })
    }
}

/// A payment that was written down.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentEntered {
    /// Its number.
    id: i64,
    /// `booked`, or `unmatched`: it waits in the work list.
    state: &'static str,
    /// Identifier of its posting.
    posting: Option<i64>,
}

/// Write down a payment
///
/// Money that came, and nothing else: nobody pays for a client. The balance moves at once. A payment with the same account at a bank, number, day, sum and INN of the
/// payer is there already (`already_exists`), whether somebody entered it or a statement told it.
#[utoipa::path(
    post, path = "/v1/payments", operation_id = "payment_enter", tag = "payments",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ReceivedPayment, example = json!({
        "account": "A-000001", "bank_account": "40702810400000000001", "number": "17", "value_date": "2026-07-01", "amount": "3270.00",
        "payer": {"name": "ООО «Ромашка»", "inn": "7702000029"}, "purpose": "Оплата по счёту № 123", "reason": "выписка на бумаге"
    })),
    responses((status = 201, description = "Written down", body = PaymentEntered, example = json!({"id": 17, "state": "booked", "posting": 41})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<ReceivedPayment>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let (new, reason) = (read(asked)?, inputs::reason(asked.reason.as_deref())?);
    let key = context.idempotency("payment_enter", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let entered = payments::enter(&mut change, &new, reason).await?;
    let state = if entered.posting.is_some() { "booked" } else { "unmatched" };
    writes::created(change, &PaymentEntered { id: entered.id, state, posting: entered.posting }).await
}

fn read(asked: &ReceivedPayment) -> Result<NewPayment<'_>, Problem> {
    let sources = || Source::BY_HAND.iter().map(|source| source.as_str());
    let source = match given(asked.source.as_deref()) {
        None => Source::Manual,
        Some(text) => inputs::one_of("/source", text, sources())?,
    };
    if !Source::BY_HAND.contains(&source) {
        let told = Text::fixed("Такие платежи вносит сама программа", "Such payments are told by banks and gateways");
        return Err(Problem::field("/source", told));
    }
    let amount = inputs::amount("/amount", &asked.amount)?;
    if amount <= Decimal::ZERO {
        let positive = Text::fixed("Ожидается сумма больше нуля", "A sum above zero is expected");
        return Err(Problem::field("/amount", positive));
    }
    if let Some(text) = given(asked.currency.as_deref()) {
        inputs::currency("/currency", text)?;
    }
    Ok(NewPayment {
        source,
        account: code("/account", asked.account.as_deref())?,
        bank_account: code("/bank_account", asked.bank_account.as_deref())?,
        legal_entity: code("/legal_entity", asked.legal_entity.as_deref())?,
        number: inputs::word("/number", asked.number.trim())?,
        date: given(asked.date.as_deref()).map(|text| inputs::day("/date", text)).transpose()?,
        value_date: inputs::day("/value_date", asked.value_date.trim())?,
        day: given(asked.day.as_deref()).map(|text| inputs::day("/day", text)).transpose()?,
        amount,
        currency: given(asked.currency.as_deref()),
        payer: asked.payer.as_ref().map(ReceivedFrom::read).transpose()?.unwrap_or_default(),
        purpose: purpose(asked.purpose.as_deref())?,
        choice: wanted::choice(asked.pays.as_ref())?,
    })
}

/// A code, if one is given.
fn code<'a>(pointer: &str, text: Option<&'a str>) -> Result<Option<&'a str>, Problem> {
    given(text).map(|text| inputs::word(pointer, text)).transpose()
}

/// The purpose, as it was written.
fn purpose(text: Option<&str>) -> Result<&str, Problem> {
    let text = text.map(str::trim).unwrap_or_default();
    inputs::party::text("/purpose", text, PURPOSE_CHARS_MAX)?;
    Ok(text)
}
