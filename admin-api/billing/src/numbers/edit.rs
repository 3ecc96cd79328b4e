//! What a number is: changed by hand, taken out of the capacity, brought back.
//!
//! Owns: the properties of a number in `did` (provider, region, place of service, kind, class, price, whether it is for sale) as people change them, and the
//! period that a new place of service begins.
//! Does not own: its state and account (`moves`), forcing (`force`), many numbers at once (`import`).
//! Always: what is not said stays; a number is forced into sale by approval alone, and ends to be forced when somebody says yes or no here; a class that somebody
//! chose stays whatever the rules say; a number becomes one that calls never judge by the right to skip the quarantine alone.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use numbering::E164;
use rating::rows::DidStatus;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use super::classes::InForce;
use super::moves::{HeldDid, Move, held, moment, move_to};
use super::quarantine;
use super::sale::Sale;
use super::store::DidError;
use crate::change::Change;
use crate::edit::Edit;
use crate::hot_path::Touched;
use crate::staff::{Permission, Staff};
use crate::store::StoreError;

/// What a number is by its nature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DidKind {
    /// As most are.
    Ordinary,
    /// Of a fixed-to-mobile network: never judged by calls (M15).
    Fmtn,
}

impl DidKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Ordinary, Self::Fmtn];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Fmtn => "fmtn",
        }
    }
}

impl FromStr for DidKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// How a number is to be; what is not said stays.
#[derive(Clone, Debug, Default)]
pub struct DidUpdate {
    /// Code of the provider; emptied: our own capacity.
    pub provider: Edit<String>,
    /// Code of the region.
    pub region: Edit<String>,
    /// Place of service.
    pub place: Edit<String>,
    /// Kind.
    pub kind: Option<DidKind>,
    /// Code of a class that it is to have whatever the rules say; emptied: by the rules again.
    pub class: Edit<String>,
    /// Its own price; emptied: that of its class.
    pub price: Edit<Decimal>,
    /// Whether it is for sale: yes or no.
    pub sale: Option<Sale>,
}

/// A number with what can be changed of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Did {
    /// The number.
    pub number: String,
    /// Its state.
    pub status: DidStatus,
    provider_id: Option<i32>,
    /// Code of the provider; `None`: our own capacity.
    pub provider: Option<String>,
    region_id: Option<i32>,
    /// Code of the region.
    pub region: Option<String>,
    /// Place of service.
    pub place: Option<String>,
    /// Name of the [`DidKind`].
    pub kind: String,
    class_id: Option<i32>,
    /// Code of the class.
    pub class: Option<String>,
    /// Whether somebody chose the class.
    pub class_by_hand: bool,
    /// Its own price.
    pub price: Option<Decimal>,
    /// Name of its [`Sale`].
    pub sale: String,
    /// Why it is or is not for sale.
    pub sale_reason: String,
    /// Raised with every change.
    pub revision: i64,
}

/// Why a number stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// There is no such provider, region or class, or it takes no more numbers.
    #[error("there is no {what} `{code}` that takes numbers")]
    Unknown {
        /// The field.
        what: &'static str,
        /// Its value.
        code: String,
    },
    /// A number is forced by approval (M20).
    #[error("a number is forced into sale by approval")]
    ForcedByApproval,
    /// A subscriber has it; it is closed first.
    #[error("a subscriber has the number")]
    HasSubscriber,
    /// It cannot be held or moved.
    #[error(transparent)]
    Did(#[from] DidError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for EditError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a change needs beside the right to change numbers: calls never judge FMTN and agents' numbers, so that one which becomes such leaves quarantine the next
/// night, whoever looks for its former holder (M15, M19).
fn needs(before: &Did, after: &Did) -> Option<Permission> {
    let is_never_judged = |did: &Did| quarantine::is_never_judged(&did.kind, did.place.as_deref());
    (!is_never_judged(before) && is_never_judged(after)).then_some(Permission::DidSkipQuarantine)
}

/// Changes what a number is; what it is then. `by`: who does, for what he may.
pub async fn edit(
    change: &mut Change,
    by: &Staff,
    number: E164,
    update: &DidUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Did, EditError> {
    if update.sale == Some(Sale::Forced) {
        return Err(EditError::ForcedByApproval);
    }
    let held = held(change, number, revision).await?;
    // Whose it is now nobody knows: whoever brings it back says what it is then.
    if held.status == DidStatus::Withdrawn {
        return Err(DidError::NotOurs.into());
    }
    let before = read(change.connection(), &held).await?;
    let after = wanted(change.connection(), &before, update, number, reason).await?;
    if let Some(permission) = needs(&before, &after).filter(|permission| !by.may(*permission)) {
        return Err(DidError::Lacks(permission).into());
    }
    write(change.connection(), held.id, &after).await?;
    if after.place != before.place && held.status == DidStatus::InWork {
        let (now, author) = (moment(change, &[held.id]).await?, change.actor().login.clone());
        begin_places(change.connection(), &[held.id], &author, reason, now).await?;
        change.touch(Touched::Number(number));
    }
    change.record("did.edit", "did", number, &shown(&before), &shown(&after), reason);
    Ok(after)
}

async fn read(connection: &mut PgConnection, did: &HeldDid) -> Result<Did, StoreError> {
    let row = sqlx::query(
        "SELECT d.provider_id, p.code AS provider, d.region_id, g.code AS region, d.place, d.kind, d.class_id, k.code AS class, d.class_by_hand, d.price, d.sale,
                d.sale_reason, d.revision
         FROM did d LEFT JOIN provider p ON p.id = d.provider_id LEFT JOIN number_region g ON g.id = d.region_id LEFT JOIN number_class k ON k.id = d.class_id
         WHERE d.id = $1",
    )
    .bind(did.id)
    .fetch_one(connection)
    .await?;
    Ok(Did {
        number: did.number.to_string(),
        status: did.status,
        provider_id: row.get("provider_id"),
        provider: row.get("provider"),
        region_id: row.get("region_id"),
        region: row.get("region"),
        place: row.get("place"),
        kind: row.get("kind"),
        class_id: row.get("class_id"),
        class: row.get("class"),
        class_by_hand: row.get("class_by_hand"),
        price: row.get("price"),
        sale: row.get("sale"),
        sale_reason: row.get("sale_reason"),
        revision: row.get("revision"),
    })
}

/// The number as it is to be.
async fn wanted(
    connection: &mut PgConnection,
    before: &Did,
    update: &DidUpdate,
    number: E164,
    reason: &str,
) -> Result<Did, EditError> {
    let mut after = Did { revision: before.revision + 1, ..before.clone() };
    match &update.provider {
        Edit::Keep => {}
        Edit::Clear => (after.provider_id, after.provider) = (None, None),
        Edit::Set(code) => {
            let id = known(connection, "provider", "SELECT id FROM provider WHERE code = $1", code).await?;
            (after.provider_id, after.provider) = (Some(id), Some(code.clone()));
        }
    }
    match &update.region {
        Edit::Keep => {}
        Edit::Clear => (after.region_id, after.region) = (None, None),
        // The region that it has may be closed by now.
        Edit::Set(code) if before.region.as_ref() == Some(code) => {}
        Edit::Set(code) => {
            let open = "SELECT id FROM number_region WHERE code = $1 AND closed_at IS NULL FOR SHARE";
            let id = known(connection, "region", open, code).await?;
            (after.region_id, after.region) = (Some(id), Some(code.clone()));
        }
    }
    match &update.class {
        Edit::Keep => {}
        Edit::Clear => {
            after.class_id = InForce::held(connection).await?.class_of(number.digits());
            after.class = sqlx::query_scalar("SELECT code FROM number_class WHERE id = $1")
                .bind(after.class_id)
                .fetch_optional(&mut *connection)
                .await?;
            after.class_by_hand = false;
        }
        Edit::Set(code) => {
            let open = "SELECT id FROM number_class WHERE code = $1 AND closed_at IS NULL FOR SHARE";
            let id = known(connection, "class", open, code).await?;
            (after.class_id, after.class, after.class_by_hand) = (Some(id), Some(code.clone()), true);
        }
    }
    after.place = update.place.clone().applied(after.place);
    after.price = update.price.clone().applied(after.price);
    after.kind = update.kind.map_or(after.kind, |kind| kind.as_str().to_owned());
    if let Some(sale) = update.sale.filter(|sale| sale.as_str() != before.sale) {
        sale.as_str().clone_into(&mut after.sale);
        reason.clone_into(&mut after.sale_reason);
    }
    Ok(after)
}

/// The identifier behind a code.
async fn known(
    connection: &mut PgConnection,
    what: &'static str,
    sql: &'static str,
    code: &str,
) -> Result<i32, EditError> {
    let id = sqlx::query_scalar(sql).bind(code).fetch_optional(connection).await?;
    id.ok_or_else(|| EditError::Unknown { what, code: code.to_owned() })
}

async fn write(connection: &mut PgConnection, id: i64, after: &Did) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE did SET provider_id = $2, region_id = $3, place = $4, kind = $5, class_id = $6, class_by_hand = $7, price = $8, sale = $9, sale_reason = $10,
             forced_at = CASE WHEN $9 = 'forced' THEN forced_at END, forced_for = CASE WHEN $9 = 'forced' THEN forced_for END,
             forced_until = CASE WHEN $9 = 'forced' THEN forced_until END, forced_by = CASE WHEN $9 = 'forced' THEN forced_by END, revision = $11
         WHERE id = $1",
    )
    .bind(id)
    .bind(after.provider_id)
    .bind(after.region_id)
    .bind(&after.place)
    .bind(&after.kind)
    .bind(after.class_id)
    .bind(after.class_by_hand)
    .bind(after.price)
    .bind(&after.sale)
    .bind(&after.sale_reason)
    .bind(after.revision)
    .execute(connection)
    .await?;
    Ok(())
}

/// Begins a period of the same state and account at the place of service that the numbers have now: prices go by it (see `hot_path`).
pub(super) async fn begin_places(
    connection: &mut PgConnection,
    dids: &[i64],
    author: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // A period that begins at this very moment has not lasted: it takes the place.
    sqlx::query(
        "UPDATE did_period p SET place = d.place, author = $2, reason = $3 FROM did d
         WHERE d.id = ANY($1) AND p.did_id = d.id AND p.valid_to IS NULL AND p.valid_from = $4",
    )
    .bind(dids)
    .bind(author)
    .bind(reason)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "WITH ended AS (
             UPDATE did_period SET valid_to = $4 WHERE did_id = ANY($1) AND valid_to IS NULL AND valid_from IS DISTINCT FROM $4
             RETURNING did_id, status, account_id, subscriber_id
         )
         INSERT INTO did_period (did_id, status, account_id, place, valid_from, subscriber_id, author, reason)
         SELECT e.did_id, e.status, e.account_id, d.place, $4, e.subscriber_id, $2, $3 FROM ended e JOIN did d ON d.id = e.did_id",
    )
    .bind(dids)
    .bind(author)
    .bind(reason)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

fn shown(did: &Did) -> Value {
    json!({
        "provider": did.provider, "region": did.region, "place": did.place, "kind": did.kind, "class": did.class, "class_by_hand": did.class_by_hand,
        "price": did.price, "sale": did.sale, "sale_reason": did.sale_reason,
    })
}

/// Takes a number out of the capacity: ported out, or returned to whom it came from (A33). Whoever has it as a subscriber is closed first.
pub async fn withdraw(change: &mut Change, number: E164, revision: Option<i64>, reason: &str) -> Result<(), EditError> {
    let did = held(change, number, revision).await?;
    // Nobody attaches it meanwhile: for that it has to be held.
    let is_attached: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM subscriber WHERE did_id = $1 AND status <> 'closed')")
            .bind(did.id)
            .fetch_one(change.connection())
            .await?;
    if is_attached {
        return Err(EditError::HasSubscriber);
    }
    Ok(go(change, &did, DidStatus::Withdrawn, "did.withdraw", reason).await?)
}

/// Adds a number that was withdrawn to the capacity anew: it begins without data, as one that comes for the first time (M23).
pub async fn restore(change: &mut Change, number: E164, revision: Option<i64>, reason: &str) -> Result<(), EditError> {
    let did = held(change, number, revision).await?;
    // A free number comes from many states; it is brought back from this one alone.
    if did.status != DidStatus::Withdrawn {
        return Err(DidError::InvalidTransition { from: did.status, to: DidStatus::Free }.into());
    }
    Ok(go(change, &did, DidStatus::Free, "did.restore", reason).await?)
}

/// Moves a number that is nobody's then.
pub(super) async fn go(
    change: &mut Change,
    did: &HeldDid,
    to: DidStatus,
    action: &'static str,
    reason: &str,
) -> Result<(), DidError> {
    let step = Move { to, account_id: None, subscriber_id: None, may_skip_quarantine: false, action, reason };
    move_to(change, did, &step).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_back() {
        for kind in DidKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert_eq!("mobile".parse::<DidKind>(), Err(()));
    }
}
