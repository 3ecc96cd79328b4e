//! Products of accounts: connected, planned, activated, suspended, closed.
//!
//! Owns: the rows of `product_instance` as people change them.
//! Does not own: numbers attached to them (`subscribers`), what a product costs and when money is enough for it.
//! Always: an account has a product once (L7); no step but those of 6.4; a day is planned while the product is new, and is still to come (M61); who closes a
//! product closes its subscribers with it.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::SubscriptionError;
use super::rules::{ClosedFor, InstanceStatus, SubscriberStatus, may_plan};
use super::store::{HeldInstance, hold_account, hold_instance, hold_subscribers_of, today, with_numbers};
use super::subscribers::{begin, end};
use crate::change::Change;
use crate::credit::{self, Action};
use crate::edit::Edit;
use crate::products;

/// A product to be connected.
#[derive(Clone, Debug)]
pub struct NewInstance {
    /// Code of the product.
    pub product: String,
    /// How many, from 1.
    pub quantity: i32,
    /// The day from which it is to work; `None`: as soon as it can.
    pub planned_activation: Option<NaiveDate>,
    /// Whether the client has accepted the offer.
    pub offer_accepted: bool,
}

/// How a product of an account is to be; what is not said stays.
#[derive(Clone, Debug, Default)]
pub struct InstanceUpdate {
    /// How many, from 1.
    pub quantity: Option<i32>,
    /// The day from which it is to work.
    pub planned_activation: Edit<NaiveDate>,
    /// Whether the client has accepted the offer; what he has accepted stays accepted.
    pub offer_accepted: bool,
}

/// Connects a product to the account with a code; the identifier of what the account has then.
pub async fn add(
    change: &mut Change,
    account: &str,
    new: &NewInstance,
    reason: &str,
) -> Result<i64, SubscriptionError> {
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM account WHERE code = $1")
        .bind(account)
        .fetch_optional(change.connection())
        .await?;
    let id = id.ok_or_else(|| SubscriptionError::NoAccount(account.to_owned()))?;
    let account = hold_account(change.connection(), id).await?;
    account.open()?;
    credit::may(change, account.id, Action::Order).await?;
    let today = today(change).await?;
    may_plan(InstanceStatus::New, new.planned_activation, today).map_err(SubscriptionError::NotPlanned)?;
    let product = products::sold(change.connection(), &new.product).await?;
    let product = product.ok_or_else(|| SubscriptionError::NoProduct(new.product.clone()))?;
    // Nobody else connects anything to an account that is held.
    let has: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM product_instance WHERE account_id = $1 AND product_id = $2 AND status <> 'closed'",
    )
    .bind(account.id)
    .bind(product)
    .fetch_optional(change.connection())
    .await?;
    if let Some(has) = has {
        return Err(SubscriptionError::Duplicate(has));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let accepted_at = new.offer_accepted.then_some(now);
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO product_instance (account_id, product_id, quantity, planned_activation, offer_accepted_at, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(account.id)
    .bind(product)
    .bind(new.quantity)
    .bind(new.planned_activation)
    .bind(accepted_at)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    let after = json!({
        "account": account.code, "product": new.product, "quantity": new.quantity, "planned_activation": new.planned_activation,
        "offer_accepted_at": accepted_at, "status": InstanceStatus::New.as_str(),
    });
    change.record("subscription.add", "product_instance", id, &json!(null), &after, reason);
    Ok(id)
}

/// Changes a product of an account.
pub async fn update(
    change: &mut Change,
    id: i64,
    wanted: InstanceUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let held = hold_instance(change.connection(), id, revision).await?;
    if held.status == InstanceStatus::Closed && wanted.planned_activation == Edit::Keep {
        return Err(SubscriptionError::NotWorking(held.status));
    }
    if wanted.planned_activation != Edit::Keep {
        let day = wanted.planned_activation.clone().applied(None);
        may_plan(held.status, day, today(change).await?).map_err(SubscriptionError::NotPlanned)?;
    }
    credit::may(change, held.account.id, Action::Edit).await?;
    let quantity = wanted.quantity.unwrap_or(held.quantity);
    let planned = wanted.planned_activation.applied(held.planned_activation);
    let accepted_at = held.offer_accepted_at.or(wanted.offer_accepted.then(|| change.now()));
    sqlx::query(
        "UPDATE product_instance SET quantity = $2, planned_activation = $3, offer_accepted_at = $4, revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(quantity)
    .bind(planned)
    .bind(accepted_at)
    .execute(change.connection())
    .await?;
    let before = json!({
        "quantity": held.quantity, "planned_activation": held.planned_activation, "offer_accepted_at": held.offer_accepted_at,
    });
    let after = json!({"quantity": quantity, "planned_activation": planned, "offer_accepted_at": accepted_at});
    change.record("subscription.edit", "product_instance", id, &before, &after, reason);
    Ok(())
}

/// Puts a new product in work, with the numbers that are reserved for it.
pub async fn activate(
    change: &mut Change,
    id: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let held = hold_instance(change.connection(), id, revision).await?;
    if held.status != InstanceStatus::New {
        return Err(SubscriptionError::Step(held.status, InstanceStatus::InWork));
    }
    begin_instance(change, &held, reason).await?;
    let reserved = hold_subscribers_of(change.connection(), id, &[SubscriberStatus::New]).await?;
    for (subscriber, did) in with_numbers(change, reserved).await? {
        begin(change, &held, &subscriber, &did, reason).await?;
    }
    Ok(())
}

/// A new product that is held works from now on.
pub(super) async fn begin_instance(
    change: &mut Change,
    held: &HeldInstance,
    reason: &str,
) -> Result<(), SubscriptionError> {
    held.account.open()?;
    credit::may(change, held.account.id, Action::Activate).await?;
    step(change, held, InstanceStatus::InWork, "subscription.activate", reason).await
}

/// Lets a product in work rest. Its numbers stay its own, and in work.
pub async fn suspend(
    change: &mut Change,
    id: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let held = hold_instance(change.connection(), id, revision).await?;
    step(change, &held, InstanceStatus::Suspended, "subscription.suspend", reason).await
}

/// Ends the rest of a product.
pub async fn resume(
    change: &mut Change,
    id: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let held = hold_instance(change.connection(), id, revision).await?;
    if held.status != InstanceStatus::Suspended {
        return Err(SubscriptionError::Step(held.status, InstanceStatus::InWork));
    }
    held.account.open()?;
    credit::may(change, held.account.id, Action::Activate).await?;
    step(change, &held, InstanceStatus::InWork, "subscription.resume", reason).await
}

/// Closes a product with its subscribers: numbers in work go to quarantine, reserved ones are free.
pub async fn close(change: &mut Change, id: i64, revision: Option<i64>, reason: &str) -> Result<(), SubscriptionError> {
    let held = hold_instance(change.connection(), id, revision).await?;
    step(change, &held, InstanceStatus::Closed, "subscription.close", reason).await?;
    let open = hold_subscribers_of(change.connection(), id, &[SubscriberStatus::New, SubscriberStatus::InWork]).await?;
    for (subscriber, did) in with_numbers(change, open).await? {
        end(change, &subscriber, &did, ClosedFor::Terminated, None, reason).await?;
    }
    Ok(())
}

async fn step(
    change: &mut Change,
    held: &HeldInstance,
    to: InstanceStatus,
    action: &'static str,
    reason: &str,
) -> Result<(), SubscriptionError> {
    if !held.status.may_become(to) {
        return Err(SubscriptionError::Step(held.status, to));
    }
    let now = change.now();
    sqlx::query(
        "UPDATE product_instance SET status = $2, revision = revision + 1,
             activated_at = CASE WHEN $2 = 'in_work' THEN coalesce(activated_at, $3) ELSE activated_at END,
             closed_at = CASE WHEN $2 = 'closed' THEN $3 END, ends_at = CASE WHEN $2 = 'closed' THEN $3 ELSE ends_at END,
             close_reason = CASE WHEN $2 = 'closed' THEN $4 ELSE '' END
         WHERE id = $1",
    )
    .bind(held.id)
    .bind(to.as_str())
    .bind(now)
    .bind(reason)
    .execute(change.connection())
    .await?;
    let status = |status: InstanceStatus| -> Value { json!({"status": status.as_str()}) };
    change.record(action, "product_instance", held.id, &status(held.status), &status(to), reason);
    Ok(())
}
