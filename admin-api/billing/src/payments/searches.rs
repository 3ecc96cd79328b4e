//! A client has paid and his money is not found: his payment order goes to the treasury (L18).
//!
//! ```text
//! sent ─► found (the payment is put on the account)
//!   └───► not_found ─► found, when it turns up later
//! ```
//!
//! Owns: table `payment_search`, the letter to the treasury.
//! Does not own: mails (`mail`), the payment that is found (`assign`).
//! Always: a request has the order as a file, the mark of the bank on it, an INN whose digits fit and the code of the card; it is found with a payment that is on
//! its account.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::assign::assign_held;
use super::error::PaymentError;
use super::files::{self, NewFile};
use super::held::{self, Payee};
use super::words::{Choice, Item, State};
use crate::change::Change;
use crate::mail::{self, Class, NewMail};
use crate::settings;
use crate::store::{Store, StoreError};

/// Kind of the letters.
const MAIL_KIND: &str = "payment_search";

/// Where a request stands.
pub(super) const STATES: &[&str] = &["sent", "found", "not_found"];

/// A request to be made.
#[derive(Clone, Debug)]
pub struct NewSearch<'a> {
    /// Code of the account.
    pub account: &'a str,
    /// INN of who has paid.
    pub inn: &'a str,
    /// Code of the card in the accounting program; that of the account when absent.
    pub card_code: Option<&'a str>,
    /// The mark of the bank on the order, in words.
    pub bank_mark: &'a str,
    /// Number of the order; may be empty.
    pub order_number: &'a str,
    /// Its date.
    pub order_date: Option<NaiveDate>,
    /// Its sum.
    pub amount: Option<Decimal>,
    /// The document that it pays.
    pub item: Option<Item>,
    /// What else there is to say.
    pub comment: &'a str,
    /// The order.
    pub file: NewFile<'a>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchCard {
    /// Identifier.
    pub id: i64,
    /// Code of the account.
    pub account: String,
    /// INN.
    pub inn: String,
    /// Code of the card.
    pub card_code: String,
    /// The mark of the bank.
    pub bank_mark: String,
    /// Number of the order.
    pub order_number: String,
    /// Its date.
    pub order_date: Option<NaiveDate>,
    /// Its sum.
    pub amount: Option<Decimal>,
    /// The document that it pays.
    pub item: Option<Item>,
    /// What else was said.
    pub comment: String,
    /// `sent`, `found` or `not_found`.
    pub state: String,
    /// Name of the file.
    pub file: String,
    /// The letter to the treasury.
    pub mail: i64,
    /// The payment that was found.
    pub payment: Option<i64>,
    /// What was answered.
    pub answer: String,
    /// When.
    pub answered_at: Option<DateTime<Utc>>,
    /// By whom.
    pub answered_by: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Raised with every change.
    pub revision: i64,
}

/// Makes a request and writes to the treasury; its identifier.
///
/// # Errors
/// No such account, no code of its card, no mailbox.
pub async fn search(change: &mut Change, new: &NewSearch<'_>, reason: &str) -> Result<i64, PaymentError> {
    let mailbox = settings::value(change.connection(), "payments.treasury_mailbox").await?;
    if mailbox.is_empty() {
        return Err(PaymentError::NoMailbox);
    }
    let payee = Payee::find(change.connection(), new.account).await?;
    let row = sqlx::query(
        "SELECT a.card_code, c.id, c.code, c.name FROM account a JOIN client c ON c.id = a.client_id WHERE a.id = $1",
    )
    .bind(payee.id)
    .fetch_one(change.connection())
    .await?;
    let card_code = new.card_code.map(str::to_owned).or_else(|| row.get("card_code"));
    let card_code = card_code.filter(|code| !code.is_empty()).ok_or(PaymentError::NoCardCode)?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let file = files::keep(change, &new.file).await?;
    let client: (String, String) = (row.get("code"), row.get("name"));
    let (subject, body) = letter(new, &card_code, &client);
    let letter = NewMail {
        // The treasury is told of a client; it is nothing that was written to him.
        client: None,
        to: &mailbox,
        subject: &subject,
        body: &body,
        class: Class::Service,
        kind: MAIL_KIND,
    };
    let mail = mail::enqueue(change, &letter).await?;
    let item = new.item.as_ref();
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO payment_search (account_id, file_id, inn, card_code, bank_mark, order_number, order_date, amount, document_kind, document_number, comment,
                                     mail_id, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
    )
    .bind(payee.id)
    .bind(file)
    .bind(new.inn)
    .bind(&card_code)
    .bind(new.bank_mark)
    .bind(new.order_number)
    .bind(new.order_date)
    .bind(new.amount)
    .bind(item.map_or("", |item| item.kind.as_str()))
    .bind(item.map_or("", |item| item.number.as_str()))
    .bind(new.comment)
    .bind(mail)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    let after = json!({
        "state": "sent", "account": new.account, "card_code": card_code, "order_number": new.order_number, "amount": new.amount.map(|amount| amount.normalize()),
        "mail": mail, "file": new.file.name,
    });
    change.record("payment_search.send", "payment_search", id, &json!({}), &after, reason);
    Ok(id)
}

/// The letter to the treasury: subject and text.
fn letter(new: &NewSearch<'_>, card_code: &str, (client, name): &(String, String)) -> (String, String) {
    let subject = format!("Найти платёж: ИНН {}, карточка {card_code}", new.inn);
    let mut lines = vec![
        "Клиент прислал платёжное поручение с отметкой банка, а деньги не найдены.".to_owned(),
        String::new(),
        format!("Клиент: {client} {name}"),
        format!("Лицевой счёт: {}", new.account),
        format!("ИНН плательщика: {}", new.inn),
        format!("Код карточки: {card_code}"),
        format!("Отметка банка: {}", new.bank_mark),
    ];
    if !new.order_number.is_empty() {
        lines.push(format!("Номер поручения: {}", new.order_number));
    }
    if let Some(date) = new.order_date {
        lines.push(format!("Дата поручения: {}", date.format("%d.%m.%Y")));
    }
    if let Some(amount) = new.amount {
        lines.push(format!("Сумма: {amount}"));
    }
    if let Some(item) = &new.item {
        lines.push(format!("Оплачивается документ: {}", item.number));
    }
    if !new.comment.is_empty() {
        lines.push(format!("Примечание: {}", new.comment));
    }
    lines.push(format!("Файл поручения «{}» — в запросе на поиск платежа.", new.file.name));
    (subject, lines.join("\n"))
}

/// A request as it stays until the end of the change.
struct HeldSearch {
    account: (i64, String),
    item: Option<Item>,
    state: String,
}

async fn hold(change: &mut Change, id: i64, revision: Option<i64>) -> Result<HeldSearch, PaymentError> {
    let row = sqlx::query(
        "SELECT s.account_id, a.code, s.document_kind, s.document_number, s.state, s.revision FROM payment_search s JOIN account a ON a.id = s.account_id
         WHERE s.id = $1 FOR UPDATE OF s",
    )
    .bind(id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(PaymentError::NotFound)?;
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(PaymentError::Stale);
    }
    let held =
        HeldSearch { account: (row.get("account_id"), row.get("code")), item: item(&row), state: row.get("state") };
    if held.state == "found" { Err(PaymentError::Answered(held.state)) } else { Ok(held) }
}

/// The document that a row names.
fn item(row: &PgRow) -> Option<Item> {
    let number: String = row.get("document_number");
    (!number.is_empty()).then(|| Item { kind: row.get("document_kind"), number })
}

/// The payment is found: it is put on the account of the request, where it is not on it already.
///
/// # Errors
/// No such request or payment; a request that was found before; a payment on another account, or one that the account does not take.
pub async fn found(
    change: &mut Change,
    id: i64,
    payment: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), PaymentError> {
    let search = hold(change, id, revision).await?;
    let held = held::hold(change, payment, None).await?;
    match (held.state, &held.account) {
        (State::Unmatched, _) => {
            let choice = Choice::Named(search.item.clone().into_iter().collect());
            assign_held(change, &held, &search.account.1, &choice, reason).await?;
        }
        (State::Booked, Some((account, _))) if *account == search.account.0 => {}
        (State::Booked, Some((_, code))) => return Err(PaymentError::OnAnotherAccount(code.clone())),
        (state, _) => return Err(PaymentError::State(state)),
    }
    answer(change, id, ("found", Some(payment)), reason).await?;
    let (before, after) = (json!({"state": search.state}), json!({"state": "found", "payment": payment}));
    change.record("payment_search.found", "payment_search", id, &before, &after, reason);
    Ok(())
}

/// The treasury has not found it.
///
/// # Errors
/// No such request; one that was answered before.
pub async fn not_found(change: &mut Change, id: i64, revision: Option<i64>, reason: &str) -> Result<(), PaymentError> {
    let search = hold(change, id, revision).await?;
    if search.state != "sent" {
        return Err(PaymentError::Answered(search.state));
    }
    answer(change, id, ("not_found", None), reason).await?;
    let (before, after) = (json!({"state": "sent"}), json!({"state": "not_found"}));
    change.record("payment_search.not_found", "payment_search", id, &before, &after, reason);
    Ok(())
}

async fn answer(
    change: &mut Change,
    id: i64,
    (state, payment): (&str, Option<i64>),
    words: &str,
) -> Result<(), StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE payment_search SET state = $2, payment_id = $3, answer = $4, answered_at = $5, answered_by = $6, revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(state)
    .bind(payment)
    .bind(words)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// A request.
///
/// # Errors
/// The database.
pub async fn search_card(store: &Store, id: i64) -> Result<Option<SearchCard>, StoreError> {
    let row = sqlx::query(
        "SELECT s.id, a.code AS account, s.inn, s.card_code, s.bank_mark, s.order_number, s.order_date, s.amount, s.document_kind, s.document_number, s.comment,
                s.state, f.name AS file, s.mail_id, s.payment_id, s.answer, s.answered_at, s.answered_by, s.created_at, s.created_by, s.revision
         FROM payment_search s JOIN account a ON a.id = s.account_id JOIN payment_file f ON f.id = s.file_id WHERE s.id = $1",
    )
    .bind(id)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| SearchCard {
        id: row.get("id"),
        account: row.get("account"),
        inn: row.get("inn"),
        card_code: row.get("card_code"),
        bank_mark: row.get("bank_mark"),
        order_number: row.get("order_number"),
        order_date: row.get("order_date"),
        amount: row.get("amount"),
        item: item(&row),
        comment: row.get("comment"),
        state: row.get("state"),
        file: row.get("file"),
        mail: row.get("mail_id"),
        payment: row.get("payment_id"),
        answer: row.get("answer"),
        answered_at: row.get("answered_at"),
        answered_by: row.get("answered_by"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        revision: row.get("revision"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L18: the treasury gets the INN and the code of the card.
    #[test]
    fn the_letter_says_what_the_treasury_looks_for() {
        let new = NewSearch {
            account: "A-000042",
            inn: "7707083893",
            card_code: None,
            bank_mark: "ИСПОЛНЕНО 01.07.2026",
            order_number: "17",
            order_date: NaiveDate::from_ymd_opt(2026, 7, 1),
            amount: Some(Decimal::new(327_000, 2)),
            item: None,
            comment: "",
            file: NewFile { name: "order.pdf", media_type: "application/pdf", content: b"x" },
        };
        let (subject, body) = letter(&new, "00-17", &("C-000001".into(), "ООО «Ромашка»".into()));
        assert_eq!(subject, "Найти платёж: ИНН 7707083893, карточка 00-17");
        for words in ["ИСПОЛНЕНО 01.07.2026", "Сумма: 3270.00", "Дата поручения: 01.07.2026", "A-000042", "order.pdf"]
        {
            assert!(body.contains(words), "{words}: {body}");
        }
        assert!(!body.contains("Примечание") && !body.contains("документ:"), "{body}");
    }
}
