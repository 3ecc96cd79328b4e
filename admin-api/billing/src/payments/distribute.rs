//! The distribution: what a payment pays.
//!
//! Owns: table `payment_allocation`.
//! Does not own: what is open (`open`), the order by which it is paid (`allocation`), balances, which a distribution never moves.
//! Always: parts of a payment are no more than the payment less what was given back; no item gets more than it asks for; allocations of an account are written
//! under the row of its balance, which postings hold too, so that two who pay one invoice at once wait for each other; rows end and stay.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use super::allocation::{self, AllocationError, OpenItem, Order};
use super::error::PaymentError;
use super::held;
use super::open::{self, Open};
use super::settled::settled;
use super::words::{Choice, Item, State};
use crate::change::Change;
use crate::ledger;
use crate::receipts;
use crate::store::StoreError;

/// What of the payment `p` is neither given back nor distributed: an expression for statements.
macro_rules! free_of_payment {
    () => {
        "(p.amount - coalesce((SELECT sum(r.amount) FROM payment_refund r WHERE r.payment_id = p.id), 0) \
         - coalesce((SELECT sum(l.amount) FROM payment_allocation l WHERE l.payment_id = p.id AND l.ended_at IS NULL), 0))"
    };
}
pub(super) use free_of_payment;

/// A part of a payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// What it pays.
    pub item: Item,
    /// How much.
    pub amount: Decimal,
}

/// Distributes an amount of a payment on an account that is held; what it pays.
pub(super) async fn allocate(
    change: &mut Change,
    (payment, account): (i64, i64),
    amount: Decimal,
    choice: &Choice,
) -> Result<Vec<Part>, PaymentError> {
    let open = open::of_account(change.connection(), account).await?;
    let parts = parts(amount, &open, choice)?;
    if parts.is_empty() {
        return Ok(parts);
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "INSERT INTO payment_allocation (payment_id, account_id, kind, number, amount, created_at, created_by)
         SELECT $1, $2, x.kind, x.number, x.amount, $6, $7 FROM unnest($3::text[], $4::text[], $5::numeric[]) AS x (kind, number, amount)",
    )
    .bind(payment)
    .bind(account)
    .bind(parts.iter().map(|part| part.item.kind.as_str()).collect::<Vec<&str>>())
    .bind(parts.iter().map(|part| part.item.number.as_str()).collect::<Vec<&str>>())
    .bind(parts.iter().map(|part| part.amount).collect::<Vec<Decimal>>())
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    if parts.iter().any(|part| receipts::rules::RENDERED.contains(&part.item.kind.as_str())) {
        receipts::offset(change, account).await?;
    }
    Ok(parts)
}

/// Distributes a payment anew: what it paid is freed, and what is open then is paid as it is said; what it pays.
///
/// # Errors
/// No such payment, one that is on no account; items that are not open, or get more than is left.
pub async fn redistribute(
    change: &mut Change,
    id: i64,
    choice: &Choice,
    revision: Option<i64>,
    reason: &str,
) -> Result<Vec<Part>, PaymentError> {
    let payment = held::hold(change, id, revision).await?;
    let (State::Booked, Some((account, _))) = (payment.state, &payment.account) else {
        return Err(PaymentError::State(payment.state));
    };
    ledger::hold_accounts(change, &[*account]).await?;
    let before = of_payment(change.connection(), id).await?;
    end_all(change, id).await?;
    let parts = allocate(change, (id, *account), payment.left(), choice).await?;
    held::raise(change, id).await?;
    let (before, after) = (json!({"pays": shown(&before)}), json!({"pays": shown(&parts)}));
    change.record("payment.allocate", "payment", id, &before, &after, reason);
    settled(change, *account).await?;
    Ok(parts)
}

/// What a payment pays now, in the order in which it was distributed.
pub(super) async fn of_payment(connection: &mut PgConnection, payment: i64) -> Result<Vec<Part>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, number, amount FROM payment_allocation WHERE payment_id = $1 AND ended_at IS NULL ORDER BY id",
    )
    .bind(payment)
    .fetch_all(connection)
    .await?;
    let part = |row: &sqlx::postgres::PgRow| Part {
        item: Item { kind: row.get("kind"), number: row.get("number") },
        amount: row.get("amount"),
    };
    Ok(rows.iter().map(part).collect())
}

/// Parts as the audit and the API show them.
pub(super) fn shown(parts: &[Part]) -> Value {
    let part =
        |part: &Part| json!({"kind": part.item.kind, "number": part.item.number, "amount": part.amount.normalize()});
    parts.iter().map(part).collect()
}

/// Ends what a payment pays.
pub(super) async fn end_all(change: &mut Change, payment: i64) -> Result<(), StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE payment_allocation SET ended_at = $2, ended_by = $3 WHERE payment_id = $1 AND ended_at IS NULL",
    )
    .bind(payment)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// Ends what payments pay of an item of an account that is held.
pub(super) async fn release(change: &mut Change, account: i64, item: &Item) -> Result<(), StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE payment_allocation SET ended_at = $4, ended_by = $5 WHERE account_id = $1 AND kind = $2 AND number = $3 AND ended_at IS NULL",
    )
    .bind(account)
    .bind(&item.kind)
    .bind(&item.number)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// Pays what is open on an account that is held with what its payments have left, the oldest first; `first` before anything else.
pub(super) async fn advances(change: &mut Change, account: i64, first: &[Item]) -> Result<(), PaymentError> {
    let rows = sqlx::query(concat!(
        "SELECT x.id, x.free FROM (SELECT p.id, p.value_date, ",
        free_of_payment!(),
        " AS free FROM payment p WHERE p.account_id = $1 AND p.state = 'booked') x WHERE x.free > 0 ORDER BY x.value_date, x.id"
    ))
    .bind(account)
    .fetch_all(change.connection())
    .await?;
    let choice = Choice::Named(first.to_vec());
    for row in rows {
        let parts = allocate(change, (row.get("id"), account), row.get("free"), &choice).await?;
        if parts.is_empty() {
            break;
        }
    }
    Ok(())
}

/// What an amount pays of what is open.
fn parts(amount: Decimal, open: &[Open], choice: &Choice) -> Result<Vec<Part>, PaymentError> {
    if amount <= Decimal::ZERO {
        return Ok(Vec::new());
    }
    // The order of what is open is that of its age: the place in it serves as number.
    let items: Vec<OpenItem> =
        open.iter().zip(0..).map(|(open, id)| OpenItem { id, day: open.day, rest: open.rest }).collect();
    let place = |item: &Item| open.iter().position(|open| open.item == *item).map(|place| place as i64);
    let must = |item: &Item| place(item).ok_or_else(|| PaymentError::NotOpen(item.clone()));
    let (ids, amounts): (Vec<i64>, Vec<(i64, Decimal)>) = match choice {
        Choice::OldestFirst => (Vec::new(), Vec::new()),
        Choice::Named(items) => (items.iter().filter_map(place).collect(), Vec::new()),
        Choice::First(items) | Choice::Only(items) => {
            (items.iter().map(must).collect::<Result<Vec<i64>, _>>()?, Vec::new())
        }
        Choice::Amounts(items) => {
            let amount = |(item, amount): &(Item, Decimal)| Ok::<_, PaymentError>((must(item)?, *amount));
            (Vec::new(), items.iter().map(amount).collect::<Result<Vec<(i64, Decimal)>, _>>()?)
        }
    };
    let order = match choice {
        Choice::OldestFirst => Order::OldestFirst,
        Choice::Named(_) | Choice::First(_) => Order::First(&ids),
        Choice::Only(_) => Order::Only(&ids),
        Choice::Amounts(_) => Order::Amounts(&amounts),
    };
    let done = allocation::allocate(amount, &items, order).map_err(|error| refusal(error, open))?;
    let item = |id: i64| open[id as usize].item.clone();
    Ok(done.parts.into_iter().map(|part| Part { item: item(part.id), amount: part.amount }).collect())
}

/// The refusal of a distribution, with items by their names.
fn refusal(error: AllocationError, open: &[Open]) -> PaymentError {
    let item = |id: i64| open[id as usize].item.clone();
    match error {
        AllocationError::Unknown(id) => PaymentError::NotOpen(item(id)),
        AllocationError::Twice(id) => PaymentError::ItemTwice(item(id)),
        AllocationError::Amount(id, _) => PaymentError::ItemAmount(item(id)),
        AllocationError::AboveRest { id, rest, .. } => PaymentError::AboveRest { item: item(id), rest },
        AllocationError::AbovePayment(missing) => PaymentError::AbovePayment(missing),
        AllocationError::Payment(amount) | AllocationError::Rest(_, amount) => {
            StoreError::Inconsistent { table: "payment_allocation", problem: format!("{amount} to be distributed") }
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: &str) -> Item {
        Item { kind: "invoice".into(), number: number.into() }
    }

    fn open() -> Vec<Open> {
        let open = |number: &str, day: &str, rest: &str| Open {
            item: item(number),
            day: day.parse().unwrap(),
            rest: rest.parse().unwrap(),
        };
        vec![open("5", "2026-01-10", "200.00"), open("4", "2026-01-20", "300.00")]
    }

    /// choice | parts, or why not
    #[test]
    fn payments_pay_what_is_chosen() {
        let sum = |text: &str| text.parse::<Decimal>().unwrap();
        for (choice, expected) in [
            (Choice::OldestFirst, "invoice 5=200.00 invoice 4=50.00"),
            (Choice::Named(vec![item("4"), item("7")]), "invoice 4=250.00"),
            (Choice::First(vec![item("4"), item("7")]), "invoice 7 is not open"),
            (Choice::Only(vec![item("5")]), "invoice 5=200.00"),
            (Choice::Only(Vec::new()), ""),
            (Choice::Only(vec![item("5"), item("5")]), "invoice 5 stands twice"),
            (Choice::Amounts(vec![(item("4"), sum("100.00"))]), "invoice 4=100.00"),
            (Choice::Amounts(vec![(item("4"), sum("300.01"))]), "300.00 is left of invoice 4"),
            (
                Choice::Amounts(vec![(item("4"), sum("0"))]),
                "invoice 4 gets an amount above zero with at most two decimals",
            ),
            (
                Choice::Amounts(vec![(item("5"), sum("200.00")), (item("4"), sum("50.01"))]),
                "the payment is short of 0.01",
            ),
        ] {
            let found = match parts(sum("250.00"), &open(), &choice) {
                Ok(parts) => {
                    let parts: Vec<String> =
                        parts.iter().map(|part| format!("{}={}", part.item, part.amount)).collect();
                    parts.join(" ")
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{choice:?}");
        }
        assert!(parts(Decimal::ZERO, &open(), &Choice::OldestFirst).unwrap().is_empty());
    }
}
