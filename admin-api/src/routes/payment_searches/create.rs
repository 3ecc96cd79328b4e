//! `POST /v1/payment-searches`: ask the treasury for a payment (L18).
//!
//! Owns: what the request says, which files it takes.
//! Does not own: requests (`billing::payments`).
//! Always: with the order as a file, the mark of the bank on it, the INN and the code of the card.

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use billing::parties;
use billing::payments::{self, NewFile, NewSearch};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::routes::payments::wanted;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Kinds of files in which orders come.
const MEDIA_TYPES: [&str; 4] = ["application/pdf", "image/jpeg", "image/png", "image/tiff"];
/// Largest file.
const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A payment to be found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedSearch {
    /// Code of the account.
    account: String,
    /// INN of who has paid; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    inn: Option<String>,
    /// The mark of the bank on the order, in words; obligatory: without one the bank has not executed it.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    bank_mark: Option<String>,
    /// Code of the card in the accounting program; that of the account when absent.
    #[serde(default)]
    card_code: Option<String>,
    /// Number of the order.
    #[serde(default)]
    order_number: Option<String>,
    /// Its date, `YYYY-MM-DD`.
    #[serde(default)]
    order_date: Option<String>,
    /// Its sum: a decimal as a string.
    #[serde(default)]
    amount: Option<String>,
    /// The document that it pays.
    #[serde(default)]
    document: Option<SearchedDocument>,
    /// What else there is to say.
    #[serde(default)]
    comment: Option<String>,
    /// The order.
    file: SearchedFile,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// A document that is paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchedDocument {
    /// Its kind.
    kind: String,
    /// Its number.
    number: String,
}

/// A file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchedFile {
    /// Its name.
    name: String,
    /// `application/pdf`, `image/jpeg`, `image/png` or `image/tiff`.
    media_type: String,
    /// Its bytes in base64, up to 10 MB.
    content: String,
}

impl SearchedFile {
    fn bytes(&self) -> Result<Vec<u8>, Problem> {
        if !MEDIA_TYPES.contains(&self.media_type.as_str()) {
            let types = MEDIA_TYPES.join(", ");
            let expected =
                Text::new(format!("Ожидается одно из: {types}"), format!("One of these is expected: {types}"));
            return Err(Problem::field("/file/media_type", expected));
        }
        let bytes = STANDARD
            .decode(self.content.trim())
            .ok()
            .filter(|bytes| !bytes.is_empty() && bytes.len() <= FILE_BYTES_MAX);
        let expected = Text::fixed(
            "Ожидается непустой файл до 10 МБ в base64",
            "A file in base64 is expected, not empty, up to 10 MB",
        );
        bytes.ok_or_else(|| Problem::field("/file/content", expected))
    }
}

/// Ask the treasury for a payment
///
/// The client has paid and his money is not found. A letter with INN and code of the card goes to the mailbox of the treasury (setting
/// `payments.treasury_mailbox`); the answer is written down by `found` or `not-found`.
#[utoipa::path(
    post, path = "/v1/payment-searches", operation_id = "payment_search_create", tag = "payments",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedSearch, example = json!({
        "account": "A-000001", "inn": "7702000029", "bank_mark": "ИСПОЛНЕНО 01.07.2026 АО «Дальний Банк»", "card_code": "00-17", "order_number": "17",
        "order_date": "2026-07-01", "amount": "3270.00", "document": {"kind": "payment_invoice", "number": "123"},
        "file": {"name": "order.pdf", "media_type": "application/pdf", "content": "JVBERi0xLjQK"}, "reason": "обращение 4711"
    })),
    responses((status = 201, description = "Sent", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedSearch>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let inn = given(asked.inn.as_deref()).unwrap_or_default();
    if !parties::inn_ok(inn) {
        let expected = Text::fixed(
            "Укажите ИНН плательщика: 10 или 12 цифр с верными контрольными",
            "The INN of the payer is needed: 10 or 12 digits that fit",
        );
        return Err(Problem::field("/inn", expected));
    }
    let bank_mark = inputs::party::some_text("/bank_mark", asked.bank_mark.as_deref().unwrap_or_default(), 300)?;
    let comment = inputs::party::text("/comment", asked.comment.as_deref().unwrap_or_default(), 1_000)?;
    let order = asked.file.bytes()?;
    let item = asked
        .document
        .as_ref()
        .map(|document| wanted::item("/document/kind", &document.kind, "/document/number", &document.number));
    let new = NewSearch {
        account: inputs::word("/account", &asked.account)?,
        inn,
        card_code: given(asked.card_code.as_deref()).map(|text| inputs::word("/card_code", text)).transpose()?,
        bank_mark: &bank_mark,
        order_number: given(asked.order_number.as_deref())
            .map_or(Ok(""), |text| inputs::word("/order_number", text))?,
        order_date: given(asked.order_date.as_deref()).map(|text| inputs::day("/order_date", text)).transpose()?,
        amount: given(asked.amount.as_deref()).map(amount).transpose()?,
        item: item.transpose()?,
        comment: &comment,
        file: NewFile {
            name: inputs::word("/file/name", &asked.file.name)?,
            media_type: &asked.file.media_type,
            content: &order,
        },
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("payment_search_create", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = payments::search(&mut change, &new, reason).await?;
    writes::created(change, &Numbered { id }).await
}

fn amount(text: &str) -> Result<Decimal, Problem> {
    let amount = inputs::amount("/amount", text)?;
    let positive = Text::fixed("Ожидается сумма больше нуля", "A sum above zero is expected");
    if amount > Decimal::ZERO { Ok(amount) } else { Err(Problem::field("/amount", positive)) }
}
