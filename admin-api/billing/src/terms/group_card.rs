//! Groups of clients as staff keep them: what a group says, when it was closed; what the groups of a client come to (B10).

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use rating::rows::ClientId;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::parties::TermsError;
use super::rules::{ClientPermissions, GroupRights, Permit, Stance, permissions_of};
use crate::change::Change;
use crate::edit::Edit;
use crate::hot_path::Touched;
use crate::store::{Store, StoreError};

/// Members of a closed group up to which the snapshot is told of each.
const TOUCHED_ONE_BY_ONE: usize = 1_000;

/// A group with all that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    id: i32,
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// For staff.
    pub comment: String,
    /// What its members may.
    pub permits: BTreeSet<Permit>,
    /// Of promo actions.
    pub promo: Stance,
    /// Of the referral programme.
    pub referral: Stance,
    /// Segment of mailings.
    pub mailing_segment: Option<String>,
    /// Whether calls go while the books cannot be reached.
    pub outage_calls: Stance,
    /// Members of now.
    pub members: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Since when it is closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Raised with every change.
    pub revision: i64,
}

/// A group to be made.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// Code, unique.
    pub code: String,
    /// Title.
    pub title: String,
    /// For staff.
    pub comment: String,
    /// What its members may.
    pub permits: BTreeSet<Permit>,
    /// Of promo actions.
    pub promo: Stance,
    /// Of the referral programme.
    pub referral: Stance,
    /// Segment of mailings.
    pub mailing_segment: Option<String>,
    /// Whether calls go while the books cannot be reached.
    pub outage_calls: Stance,
}

/// How a group is to be; what is kept or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct GroupUpdate {
    /// Title.
    pub title: Option<String>,
    /// For staff.
    pub comment: Option<String>,
    /// What its members may: all of it.
    pub permits: Option<BTreeSet<Permit>>,
    /// Of promo actions.
    pub promo: Option<Stance>,
    /// Of the referral programme.
    pub referral: Option<Stance>,
    /// Segment of mailings.
    pub mailing_segment: Edit<String>,
    /// Whether calls go while the books cannot be reached.
    pub outage_calls: Option<Stance>,
}

/// A group at `now`; `None`: there is none with this code.
pub async fn group(store: &Store, code: &str, now: DateTime<Utc>) -> Result<Option<Group>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    find(&mut connection, code, now).await
}

async fn find(connection: &mut PgConnection, code: &str, now: DateTime<Utc>) -> Result<Option<Group>, StoreError> {
    let row = sqlx::query(
        "SELECT g.id, g.code, g.title, g.comment, g.permits, g.promo, g.referral, g.mailing_segment, g.outage_calls, g.created_at, g.created_by, g.closed_at, g.revision,
                (SELECT count(*) FROM client_group_member m WHERE m.group_id = g.id AND coalesce(m.valid_from, '-infinity') <= $2
                        AND $2 < coalesce(least(m.valid_to, m.ended_at), 'infinity')) AS members
         FROM client_group g WHERE g.code = $1",
    )
    .bind(code)
    .bind(now)
    .fetch_optional(connection)
    .await?;
    row.map(|row| read(&row)).transpose()
}

fn read(row: &PgRow) -> Result<Group, StoreError> {
    Ok(Group {
        id: row.get("id"),
        code: row.get("code"),
        title: row.get("title"),
        comment: row.get("comment"),
        permits: permits_of(row)?,
        promo: known(row.get("promo"))?,
        referral: known(row.get("referral"))?,
        mailing_segment: row.get("mailing_segment"),
        outage_calls: known(row.get("outage_calls"))?,
        members: row.get("members"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        closed_at: row.get("closed_at"),
        revision: row.get("revision"),
    })
}

fn permits_of(row: &PgRow) -> Result<BTreeSet<Permit>, StoreError> {
    row.get::<Vec<String>, _>("permits").iter().map(|word| known(word)).collect()
}

/// The value that a word of the table stands for.
fn known<T: FromStr>(word: &str) -> Result<T, StoreError> {
    word.parse().map_err(|_| StoreError::Inconsistent {
        table: "client_group",
        problem: format!("`{word}`, which no group can say"),
    })
}

fn names(permits: &BTreeSet<Permit>) -> Vec<&'static str> {
    permits.iter().map(|permit| permit.as_str()).collect()
}

/// Makes a group.
pub async fn add_group(change: &mut Change, new: &NewGroup, reason: &str) -> Result<(), TermsError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let made: Option<i32> = sqlx::query_scalar(
        "INSERT INTO client_group (code, title, comment, permits, promo, referral, mailing_segment, outage_calls, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(&new.code)
    .bind(&new.title)
    .bind(&new.comment)
    .bind(names(&new.permits))
    .bind(new.promo.as_str())
    .bind(new.referral.as_str())
    .bind(&new.mailing_segment)
    .bind(new.outage_calls.as_str())
    .bind(now)
    .bind(author)
    .fetch_optional(change.connection())
    .await?;
    if made.is_none() {
        return Err(TermsError::Exists(new.code.clone()));
    }
    let after = json!({
        "code": new.code, "title": new.title, "comment": new.comment, "permits": names(&new.permits), "promo": new.promo.as_str(),
        "referral": new.referral.as_str(), "mailing_segment": new.mailing_segment, "outage_calls": new.outage_calls.as_str(),
    });
    change.record("group.edit", "client_group", &new.code, &Value::Null, &after, reason);
    Ok(())
}

/// Changes a group; what it is then.
pub async fn update_group(
    change: &mut Change,
    code: &str,
    update: &GroupUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Group, TermsError> {
    let before = held(change, code).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(TermsError::Stale);
    }
    let mut after = before.clone();
    after.title = update.title.clone().unwrap_or(after.title);
    after.comment = update.comment.clone().unwrap_or(after.comment);
    after.permits = update.permits.clone().unwrap_or(after.permits);
    after.promo = update.promo.unwrap_or(after.promo);
    after.referral = update.referral.unwrap_or(after.referral);
    after.mailing_segment = update.mailing_segment.clone().applied(after.mailing_segment);
    after.outage_calls = update.outage_calls.unwrap_or(after.outage_calls);
    after.revision += 1;
    sqlx::query(
        "UPDATE client_group SET title = $2, comment = $3, permits = $4, promo = $5, referral = $6, mailing_segment = $7, outage_calls = $8, revision = $9 WHERE id = $1",
    )
    .bind(before.id)
    .bind(&after.title)
    .bind(&after.comment)
    .bind(names(&after.permits))
    .bind(after.promo.as_str())
    .bind(after.referral.as_str())
    .bind(&after.mailing_segment)
    .bind(after.outage_calls.as_str())
    .bind(after.revision)
    .execute(change.connection())
    .await?;
    change.record("group.edit", "client_group", code, &shown(&before), &shown(&after), reason);
    Ok(after)
}

fn shown(group: &Group) -> Value {
    json!({
        "title": group.title, "comment": group.comment, "permits": names(&group.permits), "promo": group.promo.as_str(),
        "referral": group.referral.as_str(), "mailing_segment": group.mailing_segment, "outage_calls": group.outage_calls.as_str(),
    })
}

/// Closes a group: its members leave it now, what was agreed for later too, and nobody joins it any more. What is kept for it stays kept: for nobody.
pub async fn close_group(change: &mut Change, code: &str, reason: &str) -> Result<(), TermsError> {
    let now = change.now();
    let before = held(change, code).await?;
    let left: Vec<i64> = sqlx::query_scalar(
        "UPDATE client_group_member SET ended_at = $2 WHERE group_id = $1 AND ended_at IS NULL AND $2 < coalesce(valid_to, 'infinity')
         RETURNING client_id",
    )
    .bind(before.id)
    .bind(now)
    .fetch_all(change.connection())
    .await?;
    sqlx::query("UPDATE client_group SET closed_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(before.id)
        .bind(now)
        .execute(change.connection())
        .await?;
    if left.len() > TOUCHED_ONE_BY_ONE {
        change.touch(Touched::Everything);
    } else {
        for client in &left {
            change.touch(Touched::Client(*client));
        }
    }
    let (was, is) = (json!({"closed_at": null}), json!({"closed_at": now, "left": left.len()}));
    change.record("group.close", "client_group", code, &was, &is, reason);
    Ok(())
}

/// A group that is not closed, until the end of the change.
async fn held(change: &mut Change, code: &str) -> Result<Group, TermsError> {
    let now = change.now();
    sqlx::query("SELECT FROM client_group WHERE code = $1 FOR NO KEY UPDATE")
        .bind(code)
        .execute(change.connection())
        .await?;
    let group = find(change.connection(), code, now).await?.ok_or(TermsError::NotFound)?;
    if group.closed_at.is_some() { Err(TermsError::Ended) } else { Ok(group) }
}

/// What a client may at `now` by his groups; `None`: there is no such client.
pub async fn permissions(
    store: &Store,
    client: &str,
    now: DateTime<Utc>,
) -> Result<Option<ClientPermissions>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM client WHERE code = $1")
        .bind(client)
        .fetch_optional(&mut *connection)
        .await?;
    match id {
        Some(id) => Ok(Some(permissions_at(&mut connection, id, now).await?)),
        None => Ok(None),
    }
}

/// The same inside a change, where something is done that it decides.
pub async fn permissions_now(change: &mut Change, client_id: i64) -> Result<ClientPermissions, StoreError> {
    let now = change.now();
    permissions_at(change.connection(), client_id, now).await
}

async fn permissions_at(
    connection: &mut PgConnection,
    client_id: i64,
    at: DateTime<Utc>,
) -> Result<ClientPermissions, StoreError> {
    let rows = sqlx::query(
        "SELECT g.code, g.permits, g.promo, g.referral, g.mailing_segment FROM client_group g
         WHERE g.id IN (SELECT m.group_id FROM client_group_member m WHERE m.client_id = $1 AND coalesce(m.valid_from, '-infinity') <= $2
                               AND $2 < coalesce(least(m.valid_to, m.ended_at), 'infinity'))
         ORDER BY g.code",
    )
    .bind(client_id)
    .bind(at)
    .fetch_all(connection)
    .await?;
    let rights: Result<Vec<GroupRights>, StoreError> = rows
        .iter()
        .map(|row| {
            Ok(GroupRights {
                group: row.get("code"),
                permits: permits_of(row)?,
                promo: known(row.get("promo"))?,
                referral: known(row.get("referral"))?,
                mailing_segment: row.get("mailing_segment"),
            })
        })
        .collect();
    Ok(permissions_of(&rights?))
}

/// Clients of whose groups at `now` one says whether their calls go while the books cannot be reached, with what they come to: one denial counts more.
pub async fn outage_calls(store: &Store, now: DateTime<Utc>) -> Result<Vec<(ClientId, Stance)>, StoreError> {
    let rows = sqlx::query(
        "SELECT m.client_id, bool_or(g.outage_calls = 'deny') AS denies FROM client_group g JOIN client_group_member m ON m.group_id = g.id
         WHERE g.outage_calls <> 'unsaid' AND coalesce(m.valid_from, '-infinity') <= $1 AND $1 < coalesce(least(m.valid_to, m.ended_at), 'infinity')
         GROUP BY m.client_id",
    )
    .bind(now)
    .fetch_all(store.pool())
    .await?;
    let stance = |row: &PgRow| if row.get("denies") { Stance::Deny } else { Stance::Allow };
    Ok(rows.iter().map(|row| (ClientId(row.get::<i64, _>("client_id") as u64), stance(row))).collect())
}
