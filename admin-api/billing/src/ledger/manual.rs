//! What staff book by hand: charges, top-ups, withdrawals, reversals.
//!
//! Owns: what each of them asks for.
//! Does not own: the booking (`post`), who approves a reversal (`approvals`), payments.
//! Always: a charge names its product (M42); a top-up is virtual money and a withdrawal real (M49); nobody takes out what the operator gave, or what calls
//! have reserved (B17); a posting is taken back once and by another that names it (M43).

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use super::post::{NewPosting, Posted, post};
use super::{LedgerError, PostingKind};
use crate::change::Change;
use crate::credit;
use crate::holds;
use crate::products;
use crate::sums::{is_in_bounds, is_in_kopecks};

/// What all that is booked by hand says.
#[derive(Clone, Debug)]
pub struct Manual<'a> {
    /// Code of the account.
    pub account: &'a str,
    /// Currency that the sum is meant in, if it was said.
    pub currency: Option<&'a str>,
    /// The day that it counts for; today when absent.
    pub day: Option<NaiveDate>,
    /// In words, as the client may read them.
    pub description: &'a str,
    /// Why, for the audit.
    pub reason: &'a str,
}

/// A charge to be entered (M42).
#[derive(Clone, Debug)]
pub struct NewCharge<'a> {
    /// What the account owes, with tax; negative gives something back.
    pub amount: Decimal,
    /// Code of the product.
    pub product: &'a str,
    /// Service; may be empty.
    pub service: &'a str,
    /// Number of the document that it belongs to; may be empty.
    pub document: &'a str,
}

/// A top-up to be entered: virtual money (M49).
#[derive(Clone, Debug)]
pub struct NewTopUp {
    /// What the account gets; may be negative.
    pub amount: Decimal,
}

/// A withdrawal to be entered (B17).
#[derive(Clone, Debug)]
pub struct NewWithdrawal {
    /// What goes out; positive.
    pub amount: Decimal,
}

/// Enters a charge; the identifier of its posting.
///
/// # Errors
/// What [`post`] refuses; no such product.
pub async fn charge(change: &mut Change, manual: &Manual<'_>, new: &NewCharge<'_>) -> Result<i64, LedgerError> {
    let account = account(change, manual, new.amount).await?;
    let product = products::sold(change.connection(), new.product).await?;
    let product = product.ok_or_else(|| LedgerError::NoProduct(new.product.to_owned()))?;
    let posting = NewPosting {
        product: Some(product),
        service: new.service,
        document: new.document,
        ..by_hand(account, PostingKind::Charge, -new.amount, manual)
    };
    let more = json!({"product": new.product, "service": new.service, "document": new.document});
    book(change, "charge.enter", &posting, manual, more).await
}

/// Enters a top-up; the identifier of its posting.
///
/// # Errors
/// What [`post`] refuses.
pub async fn top_up(change: &mut Change, manual: &Manual<'_>, new: &NewTopUp) -> Result<i64, LedgerError> {
    let account = account(change, manual, new.amount).await?;
    book(change, "topup.enter", &by_hand(account, PostingKind::TopupManual, new.amount, manual), manual, json!({}))
        .await
}

/// Enters a withdrawal; the identifier of its posting.
///
/// # Errors
/// What [`post`] refuses; more than the account has of its own, or than calls leave of that.
pub async fn withdraw(change: &mut Change, manual: &Manual<'_>, new: &NewWithdrawal) -> Result<i64, LedgerError> {
    let account = account(change, manual, new.amount).await?;
    let posting = by_hand(account, PostingKind::Withdrawal, -new.amount, manual);
    let id = book(change, "withdrawal.enter", &posting, manual, json!({})).await?;
    goes_out(change, account, new.amount).await?;
    Ok(id)
}

/// Refuses what goes out of an account, and is posted already, where what is left is less than the operator gave and calls have reserved (B17). Asked last: the
/// posting holds the balance, and calls of the account wait from here on (`holds`).
///
/// # Errors
/// More than the account has of its own, or than calls leave of that.
pub(crate) async fn goes_out(change: &mut Change, account: i64, amount: Decimal) -> Result<(), LedgerError> {
    let reserved = holds::reserved(change, account).await?;
    let left = own_money(change.connection(), account).await?;
    if left < Decimal::ZERO {
        return Err(LedgerError::BeyondOwn((left + amount).max(Decimal::ZERO).normalize()));
    }
    if left < reserved {
        let left = (left + amount - reserved).max(Decimal::ZERO).normalize();
        return Err(LedgerError::Reserved { reserved: reserved.normalize(), left });
    }
    Ok(())
}

/// A posting that may be taken back.
pub(crate) struct Reversible {
    account: i64,
    account_code: String,
    amount: Decimal,
    kind: PostingKind,
    product: Option<i32>,
    service: String,
    document: String,
}

/// The posting, if it may be taken back. `hold`: nobody else takes it back until the end of the transaction.
pub(crate) async fn reversible(connection: &mut PgConnection, id: i64, hold: bool) -> Result<Reversible, LedgerError> {
    let lock = if hold { "FOR UPDATE OF p" } else { "" };
    let sql = format!(
        "SELECT p.account_id, a.code, p.amount, p.kind, p.product_id, p.service, p.document, EXISTS (SELECT FROM posting r WHERE r.reverses = p.id) AS reversed
         FROM posting p JOIN account a ON a.id = p.account_id WHERE p.id = $1 {lock}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    let row = row.ok_or(LedgerError::NoPosting)?;
    let kind: PostingKind = row.get::<&str, _>("kind").parse().map_err(|()| LedgerError::NoPosting)?;
    if !kind.is_reversible() {
        return Err(LedgerError::NotReversible(kind));
    }
    if row.get("reversed") {
        return Err(LedgerError::AlreadyReversed);
    }
    Ok(Reversible {
        account: row.get("account_id"),
        account_code: row.get("code"),
        amount: row.get("amount"),
        kind,
        product: row.get("product_id"),
        service: row.get("service"),
        document: row.get("document"),
    })
}

impl Reversible {
    /// What was asked to be taken back, for whoever approves it.
    pub(crate) fn shown(&self) -> Value {
        json!({"account": self.account_code, "kind": self.kind.as_str(), "amount": self.amount.normalize().to_string()})
    }
}

/// Takes a posting back, as others have approved; the identifier of the reversal.
///
/// # Errors
/// What [`post`] refuses; a posting that is taken back already, or in another way.
pub(crate) async fn reverse_approved(change: &mut Change, id: i64, reason: &str) -> Result<i64, LedgerError> {
    let former = reversible(change.connection(), id, true).await?;
    let reference = format!("reversal:{id}");
    let posting = NewPosting {
        product: former.product,
        service: &former.service,
        document: &former.document,
        description: reason,
        reverses: Some(id),
        ..NewPosting::new(former.account, PostingKind::Reversal, -former.amount, &reference)
    };
    let posted = posted(change, &posting).await?;
    let after = json!({"reverses": id, "amount": posting.amount.normalize(), "posting": posted.id});
    change.record("posting.reverse", "account", &former.account_code, &before(&posted), &after, reason);
    if former.kind.is_real() {
        // Real money is back: it pays what it paid before (M49).
        credit::after_payment(change, former.account).await?;
    }
    Ok(posted.id)
}

/// What of the balance is the account's own: all but the virtual money that the operator gave it and has not taken back.
async fn own_money(connection: &mut PgConnection, account: i64) -> Result<Decimal, LedgerError> {
    let kinds: Vec<&str> = PostingKind::VIRTUAL.iter().map(|kind| kind.as_str()).collect();
    let own = sqlx::query_scalar(
        "SELECT b.balance - greatest(0, coalesce((SELECT sum(p.amount) FROM posting p LEFT JOIN posting o ON o.id = p.reverses
                                                  WHERE p.account_id = $1 AND coalesce(o.kind, p.kind) = ANY($2)), 0))
         FROM account_balance b WHERE b.account_id = $1",
    )
    .bind(account)
    .bind(&kinds)
    .fetch_one(connection)
    .await?;
    Ok(own)
}

/// The account that is meant, by identifier, if the sum can be one of it.
async fn account(change: &mut Change, manual: &Manual<'_>, amount: Decimal) -> Result<i64, LedgerError> {
    if !is_in_kopecks(amount) {
        return Err(LedgerError::Decimals(amount));
    }
    if !is_in_bounds(amount) {
        return Err(LedgerError::TooLarge);
    }
    let row = sqlx::query("SELECT id, currency::text AS currency FROM account WHERE code = $1")
        .bind(manual.account)
        .fetch_optional(change.connection())
        .await?;
    let row = row.ok_or(LedgerError::NoAccount)?;
    let currency: String = row.get("currency");
    match manual.currency {
        Some(meant) if meant != currency => Err(LedgerError::ForeignCurrency(currency)),
        _ => Ok(row.get("id")),
    }
}

fn by_hand<'a>(account: i64, kind: PostingKind, amount: Decimal, manual: &Manual<'a>) -> NewPosting<'a> {
    NewPosting { day: manual.day, description: manual.description, ..NewPosting::new(account, kind, amount, "manual") }
}

async fn posted(change: &mut Change, posting: &NewPosting<'_>) -> Result<Posted, LedgerError> {
    Ok(post(change, std::slice::from_ref(posting)).await?[0])
}

fn before(posted: &Posted) -> Value {
    json!({"balance": posted.balance_before.normalize()})
}

#[derive(Serialize)]
struct Booked<'a> {
    posting: i64,
    kind: &'a str,
    amount: Decimal,
    balance: Decimal,
    day: Option<NaiveDate>,
    description: &'a str,
    #[serde(flatten)]
    more: Value,
}

async fn book(
    change: &mut Change,
    action: &'static str,
    posting: &NewPosting<'_>,
    manual: &Manual<'_>,
    more: Value,
) -> Result<i64, LedgerError> {
    let posted = posted(change, posting).await?;
    let after = Booked {
        posting: posted.id,
        kind: posting.kind.as_str(),
        amount: posting.amount.normalize(),
        balance: (posted.balance_before + posting.amount).normalize(),
        day: posting.day,
        description: posting.description,
        more,
    };
    change.record(action, "account", manual.account, &before(&posted), &after, manual.reason);
    Ok(posted.id)
}
