//! Groups of clients and who belongs to them, and when (B30).

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::parties::{Holder, TermsError, first_moment, ids_of};
use crate::change::Change;
use crate::grid::{Filter, Read};
use crate::hot_path::Touched;
use crate::store::{Store, StoreError};

/// For lists of clients, whose alias is `c`: members of a group now (B38).
pub const BY_GROUP: Filter = Filter::new(
    "group",
    "EXISTS (SELECT FROM client_group_member m JOIN client_group g ON g.id = m.group_id
     WHERE m.client_id = c.id AND g.code = {} AND coalesce(m.valid_from, '-infinity') <= {now}
           AND {now} < coalesce(least(m.valid_to, m.ended_at), 'infinity'))",
    Read::Word,
    "Из этой группы (код)",
    "Of this group (code)",
);

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupCard {
    /// Identifier, for paging.
    pub id: i32,
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Members of now.
    pub members: i64,
    /// Since when it is closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A client in a group for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberCard {
    /// Identifier, for paging.
    pub id: i64,
    /// Code of the client.
    pub client: String,
    /// First moment; `None` = open.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last, as agreed; `None` = open.
    pub to: Option<DateTime<Utc>>,
    /// When somebody ended it.
    pub ended_at: Option<DateTime<Utc>>,
    /// Login of who entered it.
    pub author: String,
}

/// A membership to be entered.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// Code of the group.
    pub group: String,
    /// Code of the client.
    pub client: String,
    /// First moment; `None` = now.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last; `None` = open.
    pub to: Option<DateTime<Utc>>,
}

/// Groups, the newest first: at most `limit`, older than `before_id`; of one client at `now` when asked so.
pub async fn groups(
    store: &Store,
    client: Option<&str>,
    now: DateTime<Utc>,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<GroupCard>, StoreError> {
    let rows = sqlx::query(
        "WITH present AS NOT MATERIALIZED (
             SELECT * FROM client_group_member
             WHERE coalesce(valid_from, '-infinity') <= $2 AND $2 < coalesce(least(valid_to, ended_at), 'infinity')
         )
         SELECT g.id, g.code, g.title, g.closed_at, (SELECT count(*) FROM present m WHERE m.group_id = g.id) AS members FROM client_group g
         WHERE ($1::text IS NULL OR EXISTS (SELECT FROM present m JOIN client c ON c.id = m.client_id WHERE m.group_id = g.id AND c.code = $1))
               AND ($3::bigint IS NULL OR g.id < $3)
         ORDER BY g.id DESC LIMIT $4",
    )
    .bind(client)
    .bind(now)
    .bind(before_id)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    let card = |row: &PgRow| GroupCard {
        id: row.get("id"),
        code: row.get("code"),
        title: row.get("title"),
        members: row.get("members"),
        closed_at: row.get("closed_at"),
    };
    Ok(rows.iter().map(card).collect())
}

/// Who belongs, belonged and will belong to a group, the newest first: at most `limit`, older than `before_id`. `None`: no such group.
pub async fn members(
    store: &Store,
    group: &str,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Option<Vec<MemberCard>>, StoreError> {
    let group: Option<i32> = sqlx::query_scalar("SELECT id FROM client_group WHERE code = $1")
        .bind(group)
        .fetch_optional(store.pool())
        .await?;
    let Some(group) = group else { return Ok(None) };
    let rows = sqlx::query(
        "SELECT m.id, c.code AS client, m.valid_from, m.valid_to, m.ended_at, m.author
         FROM client_group_member m JOIN client c ON c.id = m.client_id
         WHERE m.group_id = $1 AND ($2::bigint IS NULL OR m.id < $2) ORDER BY m.id DESC LIMIT $3",
    )
    .bind(group)
    .bind(before_id)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    let card = |row: &PgRow| MemberCard {
        id: row.get("id"),
        client: row.get("client"),
        from: row.get("valid_from"),
        to: row.get("valid_to"),
        ended_at: row.get("ended_at"),
        author: row.get("author"),
    };
    Ok(Some(rows.iter().map(card).collect()))
}

/// Puts a client into a group for a time; its identifier. A client is in a group once at a time.
pub async fn add_member(change: &mut Change, new: &NewMember, reason: &str) -> Result<i64, TermsError> {
    let group = ids_of(change.connection(), &Holder::Group(new.group.clone())).await;
    let group = group
        .map_err(|error| if matches!(error, TermsError::NoGroup(_)) { TermsError::NotFound } else { error })?
        .group;
    let from = first_moment(change, new.from, new.to).await?;
    let client = ids_of(change.connection(), &Holder::Client(new.client.clone())).await?.client;
    let other: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM client_group_member
         WHERE group_id = $1 AND client_id = $2 AND coalesce(valid_from, '-infinity') < coalesce($4, 'infinity'::timestamptz)
               AND $3 < coalesce(least(valid_to, ended_at), 'infinity')
         ORDER BY id LIMIT 1",
    )
    .bind(group)
    .bind(client)
    .bind(from)
    .bind(new.to)
    .fetch_optional(change.connection())
    .await?;
    if let Some(other) = other {
        return Err(TermsError::Exists(other.to_string()));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO client_group_member (group_id, client_id, valid_from, valid_to, author, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(group)
    .bind(client)
    .bind(from)
    .bind(new.to)
    .bind(author)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    let joined = json!({"client": new.client, "from": from, "to": new.to});
    change.record("group.edit", "client_group", &new.group, &Value::Null, &joined, reason);
    change.touch(Touched::holder(None, client));
    Ok(id)
}

/// Takes a client out of a group now, and out of what was agreed for later.
pub async fn end_member(change: &mut Change, group: &str, client: &str, reason: &str) -> Result<(), TermsError> {
    let now = change.now();
    let ended: Vec<i64> = sqlx::query_scalar(
        "UPDATE client_group_member m SET ended_at = $3 FROM client_group g, client c
         WHERE g.id = m.group_id AND c.id = m.client_id AND g.code = $1 AND c.code = $2 AND m.ended_at IS NULL
               AND $3 < coalesce(m.valid_to, 'infinity') RETURNING c.id",
    )
    .bind(group)
    .bind(client)
    .bind(now)
    .fetch_all(change.connection())
    .await?;
    let client_id = *ended.first().ok_or(TermsError::NotFound)?;
    let (before, after) = (json!({"client": client, "ended_at": null}), json!({"client": client, "ended_at": now}));
    change.record("group.edit", "client_group", group, &before, &after, reason);
    change.touch(Touched::Client(client_id));
    Ok(())
}
