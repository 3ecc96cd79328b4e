//! Subscribers: a number is attached to a product, works, and is given up.
//!
//! Owns: the rows of `subscriber` as people and nights change them, and the steps of their numbers that go with it (M12, M19, M21).
//! Does not own: how a number moves (`numbers::moves`), what of it is for sale (`numbers::sale`), the term of a reservation (`reservations`).
//! Always: the number of a subscriber is reserved while he is new and in work while he is; he is closed once, and his number goes to quarantine, or to free
//! where it was reserved or somebody may skip the quarantine.

use chrono::NaiveDate;
use numbering::E164;
use rating::rows::DidStatus;
use serde_json::json;

use super::SubscriptionError;
use super::instances::begin_instance;
use super::reservations::Term;
use super::rules::{ClosedFor, InstanceStatus, SubscriberStatus, number_after_close};
use super::store::{HeldInstance, HeldSubscriber, hold_instance, hold_subscriber, open_subscriber_of};
use crate::change::Change;
use crate::credit::calendar::day_of;
use crate::credit::{self, Action};
use crate::numbers::moves::{self, HeldDid, Move};
use crate::numbers::{self, DidError, quarantine};
use crate::staff::{Permission, Staff};

/// Attaches a number that is for sale to a product of an account (M21): it is reserved. The identifier of the subscriber.
pub async fn attach(
    change: &mut Change,
    instance_id: i64,
    number: E164,
    reason: &str,
) -> Result<i64, SubscriptionError> {
    let instance = hold_instance(change.connection(), instance_id, None).await?;
    if instance.status == InstanceStatus::Closed {
        return Err(SubscriptionError::NotWorking(instance.status));
    }
    instance.account.open()?;
    credit::may(change, instance.account.id, Action::Order).await?;
    let did = moves::held(change, number, None).await?;
    for_sale(change, &did, instance.account.client_id).await?;
    let term = Term::of(change).await?;
    let through = term.of_new(change.connection()).await?;
    let subscriber = reserve(change, &instance, &did, (term.today, through), None, reason).await?;
    Ok(subscriber.id)
}

/// Whether a number that is held may go to a client now.
pub(super) async fn for_sale(change: &mut Change, did: &HeldDid, client: i64) -> Result<(), SubscriptionError> {
    let rules = quarantine::rules(change.connection()).await?;
    let today = day_of(change.now(), rules.zone);
    let candidate = quarantine::candidate(change.connection(), did, today).await?;
    candidate.may_go_to(client, today, rules.threshold).map_err(SubscriptionError::NotForSale)
}

/// Reserves a number that is held for a product that is held. `from`, `through`: the term; `replaces`: the subscriber whose number it takes the place of.
pub(super) async fn reserve(
    change: &mut Change,
    instance: &HeldInstance,
    did: &HeldDid,
    (from, through): (NaiveDate, Option<NaiveDate>),
    replaces: Option<i64>,
    reason: &str,
) -> Result<HeldSubscriber, SubscriptionError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO subscriber (instance_id, did_id, created_at, created_by, reserved_from, reserved_through, replaces)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(instance.id)
    .bind(did.id)
    .bind(now)
    .bind(author)
    .bind(from)
    .bind(through)
    .bind(replaces)
    .fetch_one(change.connection())
    .await?;
    let step = Move {
        to: DidStatus::Reserved,
        account_id: Some(instance.account.id),
        subscriber_id: Some(id),
        may_skip_quarantine: false,
        action: "did.reserve",
        reason,
    };
    moves::move_to(change, did, &step).await?;
    let after = json!({
        "product_of_account": instance.id, "number": did.number.to_string(), "status": SubscriberStatus::New.as_str(),
        "reserved_through": through, "replaces": replaces,
    });
    change.record("subscriber.attach", "subscriber", id, &json!(null), &after, reason);
    Ok(HeldSubscriber { id, did_id: did.id, status: SubscriberStatus::New, reserved_through: through, revision: 1 })
}

/// Puts a new subscriber in work with its number, and its product where that is new too.
pub async fn activate(
    change: &mut Change,
    id: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let (instance, subscriber) = hold_subscriber(change.connection(), id, revision).await?;
    match instance.status {
        InstanceStatus::New => begin_instance(change, &instance, reason).await?,
        InstanceStatus::InWork => {
            instance.account.open()?;
            credit::may(change, instance.account.id, Action::Activate).await?;
        }
        // The subscribers of a closed product are closed, which is said first.
        status if subscriber.status == SubscriberStatus::New => return Err(SubscriptionError::NotWorking(status)),
        InstanceStatus::Suspended | InstanceStatus::Closed => {}
    }
    let did = moves::held_by_id(change, subscriber.did_id).await?;
    begin(change, &instance, &subscriber, &did, reason).await
}

/// A new subscriber works from now on; all that it needs is held.
pub(super) async fn begin(
    change: &mut Change,
    instance: &HeldInstance,
    subscriber: &HeldSubscriber,
    did: &HeldDid,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let to = SubscriberStatus::InWork;
    if !subscriber.status.may_become(to) {
        return Err(SubscriptionError::SubscriberStep(subscriber.status, to));
    }
    let step = Move {
        to: DidStatus::InWork,
        account_id: Some(instance.account.id),
        subscriber_id: Some(subscriber.id),
        may_skip_quarantine: false,
        action: "did.activate",
        reason,
    };
    moves::move_to(change, did, &step).await?;
    let now = change.now();
    sqlx::query("UPDATE subscriber SET status = 'in_work', activated_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(subscriber.id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let (before, after) = (json!({"status": subscriber.status.as_str()}), json!({"status": to.as_str()}));
    change.record("subscriber.activate", "subscriber", subscriber.id, &before, &after, reason);
    Ok(())
}

/// Cancels a reservation: its number is free again, its quarantine as it was.
pub async fn cancel(
    change: &mut Change,
    id: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let (_, subscriber) = hold_subscriber(change.connection(), id, revision).await?;
    let did = moves::held_by_id(change, subscriber.did_id).await?;
    end(change, &subscriber, &did, ClosedFor::Cancelled, None, reason).await
}

/// Closes a subscriber in work (M19): its number goes to quarantine, or, where `by` may and wants that, past it.
pub async fn close(
    change: &mut Change,
    by: &Staff,
    id: i64,
    skip_quarantine: bool,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let (_, subscriber) = hold_subscriber(change.connection(), id, revision).await?;
    let did = moves::held_by_id(change, subscriber.did_id).await?;
    end(change, &subscriber, &did, ClosedFor::Closed, skip_quarantine.then_some(by), reason).await
}

/// Sends a number in work to quarantine, and closes its subscriber, if it has one: numbers that were loaded with their account have none (M13).
///
/// `revision`: that of the number which the caller has seen, if he insists.
pub async fn close_of_number(
    change: &mut Change,
    number: E164,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let digits = number.to_string();
    let Some(id) = open_subscriber_of(change.connection(), &digits).await? else {
        numbers::archive(change, number, revision, reason).await?;
        // Whoever attached it before it was held has changed it.
        let attached = open_subscriber_of(change.connection(), &digits).await?;
        return attached.map_or(Ok(()), |_| Err(SubscriptionError::Stale));
    };
    let (_, subscriber) = hold_subscriber(change.connection(), id, None).await?;
    let did = moves::held(change, number, revision).await?;
    if did.status != DidStatus::InWork {
        return Err(DidError::InvalidTransition { from: did.status, to: DidStatus::Archive }.into());
    }
    if did.id != subscriber.did_id || subscriber.status == SubscriberStatus::Closed {
        return Err(SubscriptionError::Stale);
    }
    end(change, &subscriber, &did, ClosedFor::Terminated, None, reason).await
}

/// Closes a subscriber that is held with its number. `skips`: who wants the quarantine of a number in work skipped.
pub(super) async fn end(
    change: &mut Change,
    subscriber: &HeldSubscriber,
    did: &HeldDid,
    why: ClosedFor,
    skips: Option<&Staff>,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let to = SubscriberStatus::Closed;
    if !subscriber.status.may_become(to) {
        return Err(SubscriptionError::SubscriberStep(subscriber.status, to));
    }
    if !why.ends(subscriber.status) {
        return Err(SubscriptionError::NotClosedFor(subscriber.status, why));
    }
    let number_to = number_after_close(subscriber.status, skips.is_some());
    let step = Move {
        to: number_to,
        account_id: None,
        subscriber_id: None,
        may_skip_quarantine: skips.is_some_and(|by| by.may(Permission::DidSkipQuarantine)),
        action: if number_to == DidStatus::Free { "did.free" } else { "did.archive" },
        reason,
    };
    moves::move_to(change, did, &step).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE subscriber SET status = 'closed', closed_at = $2, closed_by = $3, closed_for = $4, close_reason = $5, revision = revision + 1 WHERE id = $1",
    )
    .bind(subscriber.id)
    .bind(now)
    .bind(author)
    .bind(why.as_str())
    .bind(reason)
    .execute(change.connection())
    .await?;
    let before = json!({"status": subscriber.status.as_str(), "number": did.number.to_string()});
    let after = json!({"status": to.as_str(), "closed_for": why.as_str(), "number_status": number_to.as_str()});
    change.record("subscriber.close", "subscriber", subscriber.id, &before, &after, reason);
    Ok(())
}
