//! Cards that clients have linked.
//!
//! Owns: tables `card_link` and `card`.
//! Does not own: the page on which a card is entered, which is the gateway's.
//! Always: a card comes from the gateway alone, on the way that a user of the client began; whoever unlinks it, what it paid for is switched off at once; the
//! gateway is told to forget it until it has.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::rules::{expires, is_token, mask};
use super::terms::{hold, switch};
use super::{AutopayError, Told};
use crate::change::{Author, Change};
use crate::credit::autopay::Event;
use crate::store::{Store, StoreError};

/// How long the way to the gateway's page is good.
pub const LINK_MINUTES: i64 = 60;
/// Most cards of a client.
const CARDS_MAX: i64 = 10;
/// Most ways to the gateway that are good at a time.
const LINKS_MAX: i64 = 20;
/// Most that the gateway is told to forget at once.
const FORGOTTEN_AT_ONCE: i64 = 100;
/// What the audit keeps apart.
const PERSONAL: &[&str] = &["mask"];

/// A card, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Identifier.
    pub id: i64,
    /// Its first digits perhaps, and its last four.
    pub mask: String,
    /// Last day on which it is good.
    pub expires: Option<NaiveDate>,
    /// When it was linked.
    pub linked_at: DateTime<Utc>,
    /// Whether it is still.
    pub is_linked: bool,
}

/// What the gateway says of a card that was entered. No `Debug`: the token is a secret.
#[derive(Clone, Copy)]
pub struct CardSaid<'a> {
    /// The key of the link.
    pub link: &'a str,
    /// Its name of the card.
    pub token: &'a str,
    /// What of the card may be shown.
    pub mask: &'a str,
    /// The month in which it is good, `YYYY-MM`, if it says so.
    pub expires: Option<&'a str>,
}

/// A card that ends.
struct Ending {
    id: i64,
    client: String,
    mask: String,
}

/// Writes down that a user of a client goes to the gateway to link a card, under this key; until when the way is good.
///
/// # Errors
/// Not a user of the client; more cards than he may have.
pub async fn begin_link(
    change: &mut Change,
    (client_id, client): (i64, &str),
    key: &str,
) -> Result<DateTime<Utc>, AutopayError> {
    let Author::Client(user_id) = change.actor().author else { return Err(AutopayError::OnlyClientPays) };
    let now = change.now();
    let linked: i64 = sqlx::query_scalar("SELECT count(*) FROM card WHERE client_id = $1 AND unlinked_at IS NULL")
        .bind(client_id)
        .fetch_one(change.connection())
        .await?;
    if linked >= CARDS_MAX {
        return Err(AutopayError::TooMany(CARDS_MAX));
    }
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM card_link WHERE client_id = $1 AND card_id IS NULL AND expires_at > $2",
    )
    .bind(client_id)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    if open >= LINKS_MAX {
        return Err(AutopayError::TooMany(LINKS_MAX));
    }
    let until = now + TimeDelta::minutes(LINK_MINUTES);
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO card_link (key, client_id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(key)
    .bind(client_id)
    .bind(user_id)
    .bind(now)
    .bind(until)
    .fetch_one(change.connection())
    .await?;
    change.record("card.link_begin", "client", client, &json!({}), &json!({"link": id, "until": until}), "");
    Ok(until)
}

/// Links the card that was entered on a way that is good.
///
/// # Errors
/// No such way, or one that is not good any more; what is said of the card cannot be kept; another client has linked it.
pub async fn linked(change: &mut Change, said: CardSaid<'_>) -> Result<Told, AutopayError> {
    let now = change.now();
    let mask = mask(said.mask).ok_or(AutopayError::StrangeCard("mask"))?;
    if !is_token(said.token) {
        return Err(AutopayError::StrangeCard("card"));
    }
    let good_until =
        said.expires.map(|month| expires(month).ok_or(AutopayError::StrangeCard("expires"))).transpose()?;
    let row = sqlx::query(
        "SELECT l.id, l.client_id, l.user_id, l.card_id, k.token, c.code,
                l.expires_at > $2 AND u.blocked_at IS NULL AND c.gdpr_state = 'none' AS good
         FROM card_link l JOIN client c ON c.id = l.client_id JOIN client_user u ON u.id = l.user_id LEFT JOIN card k ON k.id = l.card_id
         WHERE l.key = $1 FOR UPDATE OF l",
    )
    .bind(said.link)
    .bind(now)
    .fetch_optional(change.connection())
    .await?
    .ok_or(AutopayError::NotFound)?;
    if row.get::<Option<i64>, _>("card_id").is_some() {
        // Said again, also after the card was unlinked and its token is gone.
        let token: String = row.get("token");
        return if token.is_empty() || token == said.token { Ok(Told::Known) } else { Err(AutopayError::NotFound) };
    }
    if !row.get::<bool, _>("good") {
        return Err(AutopayError::NotFound);
    }
    let (link_id, client_id, user_id): (i64, i64, i64) = (row.get("id"), row.get("client_id"), row.get("user_id"));
    let made: Option<i64> = sqlx::query_scalar(
        "INSERT INTO card (client_id, token, mask, expires, linked_at, linked_by) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (token) WHERE unlinked_at IS NULL DO NOTHING RETURNING id",
    )
    .bind(client_id)
    .bind(said.token)
    .bind(&mask)
    .bind(good_until)
    .bind(now)
    .bind(user_id)
    .fetch_optional(change.connection())
    .await?;
    let card_id = match made {
        Some(id) => id,
        None => same_card(change, client_id, said.token).await?,
    };
    sqlx::query("UPDATE card_link SET card_id = $2 WHERE id = $1")
        .bind(link_id)
        .bind(card_id)
        .execute(change.connection())
        .await?;
    let after = json!({"card": card_id, "mask": mask, "link": link_id, "user": user_id});
    let client: String = row.get("code");
    change.record_personal(("card.link", "client", &client), &json!({}), &after, PERSONAL, "");
    Ok(Told::New)
}

/// The card of this client that has the token already.
async fn same_card(change: &mut Change, client_id: i64, token: &str) -> Result<i64, AutopayError> {
    let id = sqlx::query_scalar("SELECT id FROM card WHERE token = $1 AND client_id = $2 AND unlinked_at IS NULL")
        .bind(token)
        .bind(client_id)
        .fetch_optional(change.connection())
        .await?;
    id.ok_or(AutopayError::OfAnother)
}

/// Cards of a client that are linked, the oldest first.
pub async fn cards(store: &Store, client_id: i64) -> Result<Vec<Card>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, mask, expires, linked_at FROM card WHERE client_id = $1 AND unlinked_at IS NULL ORDER BY id",
    )
    .bind(client_id)
    .fetch_all(store.pool())
    .await?;
    let card = |row: &PgRow| Card {
        id: row.get("id"),
        mask: row.get("mask"),
        expires: row.get("expires"),
        linked_at: row.get("linked_at"),
        is_linked: true,
    };
    Ok(rows.iter().map(card).collect())
}

/// Unlinks a card of a client: from this moment on nothing is charged to it.
///
/// # Errors
/// Not a user of the client; no such card that is linked.
pub async fn unlink(change: &mut Change, client_id: i64, id: i64, reason: &str) -> Result<(), AutopayError> {
    let Author::Client(_) = change.actor().author else { return Err(AutopayError::OnlyClientPays) };
    let row = sqlx::query(
        "SELECT k.id, c.code, k.mask FROM card k JOIN client c ON c.id = k.client_id
         WHERE k.id = $1 AND k.client_id = $2 AND k.unlinked_at IS NULL FOR NO KEY UPDATE OF k",
    )
    .bind(id)
    .bind(client_id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(AutopayError::NotFound)?;
    end(change, &ending(&row), reason).await
}

/// The gateway says that a card is linked no more.
///
/// # Errors
/// The database.
pub async fn unlinked_at_gateway(change: &mut Change, token: &str) -> Result<Told, AutopayError> {
    let now = change.now();
    let row = sqlx::query(
        "SELECT k.id, c.code, k.mask FROM card k JOIN client c ON c.id = k.client_id
         WHERE k.token = $1 AND k.unlinked_at IS NULL FOR NO KEY UPDATE OF k",
    )
    .bind(token)
    .fetch_optional(change.connection())
    .await?;
    let Some(row) = row else { return Ok(Told::Known) };
    let ending = ending(&row);
    end(change, &ending, "").await?;
    sqlx::query("UPDATE card SET forgotten_at = $2, token = '' WHERE id = $1")
        .bind(ending.id)
        .bind(now)
        .execute(change.connection())
        .await?;
    Ok(Told::New)
}

fn ending(row: &PgRow) -> Ending {
    Ending { id: row.get("id"), client: row.get("code"), mask: row.get("mask") }
}

/// Ends a card that is held, and what it pays for.
async fn end(change: &mut Change, card: &Ending, reason: &str) -> Result<(), AutopayError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query("UPDATE card SET unlinked_at = $2, unlinked_by = $3 WHERE id = $1")
        .bind(card.id)
        .bind(now)
        .bind(author)
        .execute(change.connection())
        .await?;
    let before = json!({"card": card.id, "mask": card.mask});
    change.record_personal(("card.unlink", "client", &card.client), &before, &json!({}), PERSONAL, reason);
    let accounts: Vec<i64> =
        sqlx::query_scalar("SELECT account_id FROM autopay WHERE card_id = $1 AND enabled ORDER BY account_id")
            .bind(card.id)
            .fetch_all(change.connection())
            .await?;
    for account_id in accounts {
        let held = hold(change.connection(), account_id).await?;
        // Another card may have been chosen meanwhile.
        if let Some(held) = held.filter(|held| held.card_id == card.id) {
            switch(change, &held, Event::CardUnlinked, reason).await?;
        }
    }
    Ok(())
}

/// Cards that the gateway has to forget, with their tokens; not one that was linked again by the same name.
pub async fn to_forget(store: &Store) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT k.id, k.token FROM card k WHERE k.unlinked_at IS NOT NULL AND k.forgotten_at IS NULL AND k.token <> ''
             AND NOT EXISTS (SELECT FROM card o WHERE o.token = k.token AND o.unlinked_at IS NULL)
         ORDER BY k.id LIMIT $1",
    )
    .bind(FORGOTTEN_AT_ONCE)
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(|row| (row.get("id"), row.get("token"))).collect())
}

/// The gateway has forgotten a card: so does this side.
pub async fn forgotten(store: &Store, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE card SET forgotten_at = $2, token = '' WHERE id = $1 AND unlinked_at IS NOT NULL")
        .bind(id)
        .bind(now)
        .execute(store.pool())
        .await?;
    Ok(())
}
