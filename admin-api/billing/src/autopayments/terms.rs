//! What automatic payment of an account is, and who switches it.
//!
//! Owns: tables `autopay` and `autopay_change`.
//! Does not own: what switches it (`credit::autopay`), cards (`cards`), attempts (`attempts`).
//! Always: a user of the client alone switches it on, with a card of the client that is linked (B11, B27); whoever else switches it off, the client is told why;
//! every change leaves a row.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::cards::Card;
use super::letter::{self, letter};
use super::rules::{Rule, judge, last_four};
use super::{AutopayError, strange};
use crate::change::{Author, Change};
use crate::credit::autopay::{Event, OffReason, Switch};
use crate::mail::{self, Class, NewMail};
use crate::store::{Store, StoreError};

/// Automatic payment of an account; the fields are empty where there never was one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autopay {
    /// Code of the account.
    pub account: String,
    /// Its currency.
    pub currency: String,
    /// Whether it is on.
    pub enabled: bool,
    /// Why it is off, in a word.
    pub off_reason: Option<String>,
    /// Where the balance comes down to this, the card is charged.
    pub threshold: Option<Decimal>,
    /// How much is taken.
    pub rule: Option<Rule>,
    /// The card.
    pub card: Option<Card>,
    /// Nothing is tried before.
    pub rests_until: Option<DateTime<Utc>>,
    /// When it was changed last.
    pub changed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub changed_by: Option<String>,
    /// Raised with every change; 0 where there never was one.
    pub revision: i64,
}

/// What it was from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutopayChange {
    /// From when on.
    pub at: DateTime<Utc>,
    /// By whom.
    pub author: String,
    /// Whether it was on.
    pub enabled: bool,
    /// Why it was off, in a word.
    pub off_reason: Option<String>,
    /// The threshold.
    pub threshold: Decimal,
    /// How much was taken.
    pub rule: Rule,
    /// Identifier of the card.
    pub card: i64,
}

/// Automatic payment as a client wishes it.
#[derive(Clone, Copy, Debug)]
pub struct On {
    /// Identifier of a card of his.
    pub card: i64,
    /// Threshold.
    pub threshold: Decimal,
    /// How much is taken.
    pub rule: Rule,
}

/// What a client wishes.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// It is on, so.
    On(On),
    /// It is off.
    Off,
}

/// Automatic payment of an account until the end of the transaction.
pub(super) struct Held {
    /// Identifier of the account.
    pub(super) account_id: i64,
    /// Its code.
    pub(super) account: String,
    /// Whether it is on.
    pub(super) switch: Switch,
    /// The threshold.
    pub(super) threshold: Decimal,
    /// How much is taken.
    pub(super) rule: Rule,
    /// Identifier of the card.
    pub(super) card_id: i64,
    revision: i64,
}

impl Held {
    fn shown(&self) -> Value {
        let reason = match self.switch {
            Switch::On => None,
            Switch::Off(reason) => Some(reason.as_str()),
        };
        let (amount, up_to) = self.rule.parts();
        json!({
            "enabled": self.switch == Switch::On, "off_reason": reason, "threshold": self.threshold.normalize(), "card": self.card_id,
            "amount": amount.map(|amount| amount.normalize()), "up_to": up_to.map(|goal| goal.normalize()),
        })
    }
}

const SHOWN: &str = "SELECT a.code, a.currency::text AS currency, p.enabled, p.off_reason, p.threshold, p.amount, p.up_to, p.rests_until, p.changed_at, p.changed_by,
        p.revision, k.id AS card_id, k.mask, k.expires, k.linked_at, k.unlinked_at IS NULL AS is_linked
     FROM account a LEFT JOIN autopay p ON p.account_id = a.id LEFT JOIN card k ON k.id = p.card_id";

fn read(row: &PgRow) -> Autopay {
    let card = row.get::<Option<i64>, _>("card_id").map(|id| Card {
        id,
        mask: row.get("mask"),
        expires: row.get::<Option<NaiveDate>, _>("expires"),
        linked_at: row.get("linked_at"),
        is_linked: row.get("is_linked"),
    });
    Autopay {
        account: row.get("code"),
        currency: row.get("currency"),
        enabled: row.get::<Option<bool>, _>("enabled").unwrap_or_default(),
        off_reason: row.get("off_reason"),
        threshold: row.get("threshold"),
        rule: Rule::of(row.get("amount"), row.get("up_to")),
        card,
        rests_until: row.get("rests_until"),
        changed_at: row.get("changed_at"),
        changed_by: row.get("changed_by"),
        revision: row.get::<Option<i64>, _>("revision").unwrap_or_default(),
    }
}

/// Automatic payment of the account with this code; `None`: no such account.
pub async fn of_account(store: &Store, code: &str) -> Result<Option<Autopay>, StoreError> {
    let sql = format!("{SHOWN} WHERE a.code = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(code).fetch_optional(store.pool()).await?;
    Ok(row.map(|row| read(&row)))
}

/// Automatic payment of the accounts of a client, by code.
pub async fn of_client(store: &Store, client_id: i64) -> Result<Vec<Autopay>, StoreError> {
    let sql = format!("{SHOWN} WHERE a.client_id = $1 ORDER BY a.code");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(client_id).fetch_all(store.pool()).await?;
    Ok(rows.iter().map(read).collect())
}

/// The last changes of automatic payment of an account, the newest first.
pub async fn changes(store: &Store, code: &str, most: i64) -> Result<Vec<AutopayChange>, StoreError> {
    let rows = sqlx::query(
        "SELECT h.at, h.author, h.enabled, h.off_reason, h.threshold, h.amount, h.up_to, h.card_id
         FROM autopay_change h JOIN account a ON a.id = h.account_id WHERE a.code = $1 ORDER BY h.id DESC LIMIT $2",
    )
    .bind(code)
    .bind(most)
    .fetch_all(store.pool())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(AutopayChange {
                at: row.get("at"),
                author: row.get("author"),
                enabled: row.get("enabled"),
                off_reason: row.get("off_reason"),
                threshold: row.get("threshold"),
                rule: rule(row, "autopay_change")?,
                card: row.get("card_id"),
            })
        })
        .collect()
}

fn rule(row: &PgRow, table: &'static str) -> Result<Rule, StoreError> {
    let rule = Rule::of(row.get("amount"), row.get("up_to"));
    rule.ok_or_else(|| StoreError::Inconsistent { table, problem: "neither an amount nor a goal".to_owned() })
}

/// Automatic payment of an account, held.
pub(super) async fn hold(connection: &mut PgConnection, account_id: i64) -> Result<Option<Held>, StoreError> {
    let row = sqlx::query(
        "SELECT p.account_id, a.code, p.enabled, p.off_reason, p.threshold, p.amount, p.up_to, p.card_id, p.revision
         FROM autopay p JOIN account a ON a.id = p.account_id WHERE p.account_id = $1 FOR NO KEY UPDATE OF p",
    )
    .bind(account_id)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let switch = match row.get::<Option<&str>, _>("off_reason") {
        None => Switch::On,
        Some(text) => Switch::Off(text.parse::<OffReason>().map_err(|()| strange("autopay", text))?),
    };
    Ok(Some(Held {
        account_id,
        account: row.get("code"),
        switch,
        threshold: row.get("threshold"),
        rule: rule(&row, "autopay")?,
        card_id: row.get("card_id"),
        revision: row.get("revision"),
    }))
}

/// Switches automatic payment of an account of a client, as a user of his wishes. `revision`: what he has seen, if he insists; `most`: the most that one payment
/// may be.
///
/// # Errors
/// Not a user of the client; no such account or card, one that is not available; terms that do not fit; off already; stale.
pub async fn set(
    change: &mut Change,
    (client_id, account): (i64, &str),
    wanted: &Wanted,
    (revision, most): (Option<i64>, Option<Decimal>),
    reason: &str,
) -> Result<Autopay, AutopayError> {
    let Author::Client(_) = change.actor().author else { return Err(AutopayError::OnlyClientPays) };
    let row = sqlx::query(
        "SELECT a.id, a.active AND a.currency = e.currency AS available FROM account a JOIN legal_entity e ON e.id = a.legal_entity_id
         WHERE a.code = $1 AND a.client_id = $2",
    )
    .bind(account)
    .bind(client_id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(AutopayError::NotFound)?;
    let account_id: i64 = row.get("id");
    if let Wanted::On(on) = wanted {
        judge(on.threshold, on.rule, most).map_err(AutopayError::Unfit)?;
        if !row.get::<bool, _>("available") {
            return Err(AutopayError::AccountNotAvailable);
        }
        // Held: whoever unlinks it meanwhile waits, and then switches off what is switched on here.
        let card: Option<i64> = sqlx::query_scalar(
            "SELECT id FROM card WHERE id = $1 AND client_id = $2 AND unlinked_at IS NULL FOR SHARE",
        )
        .bind(on.card)
        .bind(client_id)
        .fetch_optional(change.connection())
        .await?;
        if card.is_none() {
            return Err(AutopayError::NoCard);
        }
    }
    let held = hold(change.connection(), account_id).await?;
    if revision.is_some_and(|seen| seen != held.as_ref().map_or(0, |held| held.revision)) {
        return Err(AutopayError::Stale);
    }
    match wanted {
        Wanted::On(on) => switch_on(change, (account_id, account), held.as_ref(), on, reason).await?,
        Wanted::Off => {
            let held = held.ok_or(AutopayError::OffAlready)?;
            off(change, &held, Event::OffByClient, reason).await?;
        }
    }
    shown(change, account).await
}

/// Switches automatic payment of an account off, as staff do; the client is told.
///
/// # Errors
/// No such account; off already.
pub async fn stop(change: &mut Change, account: &str, reason: &str) -> Result<Autopay, AutopayError> {
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM account WHERE code = $1")
        .bind(account)
        .fetch_optional(change.connection())
        .await?;
    let held = hold(change.connection(), id.ok_or(AutopayError::NotFound)?).await?;
    off(change, &held.ok_or(AutopayError::OffAlready)?, Event::OffByStaff, reason).await?;
    shown(change, account).await
}

async fn shown(change: &mut Change, account: &str) -> Result<Autopay, AutopayError> {
    let sql = format!("{SHOWN} WHERE a.code = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(account).fetch_one(change.connection()).await?;
    Ok(read(&row))
}

async fn off(change: &mut Change, held: &Held, event: Event, reason: &str) -> Result<(), AutopayError> {
    if switch(change, held, event, reason).await? { Ok(()) } else { Err(AutopayError::OffAlready) }
}

async fn switch_on(
    change: &mut Change,
    (account_id, account): (i64, &str),
    before: Option<&Held>,
    on: &On,
    reason: &str,
) -> Result<(), AutopayError> {
    let former = before.map_or(Switch::Off(OffReason::Client), |held| held.switch);
    former.after(Event::OnByClient { is_card_linked: true }).map_err(|_| AutopayError::NoCard)?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let (amount, up_to) = on.rule.parts();
    sqlx::query(
        "INSERT INTO autopay (account_id, enabled, threshold, amount, up_to, card_id, changed_at, changed_by) VALUES ($1, true, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (account_id) DO UPDATE SET enabled = true, off_reason = NULL, threshold = excluded.threshold, amount = excluded.amount, up_to = excluded.up_to,
             card_id = excluded.card_id, rests_until = NULL, changed_at = excluded.changed_at, changed_by = excluded.changed_by, revision = autopay.revision + 1",
    )
    .bind(account_id)
    .bind(on.threshold)
    .bind(amount)
    .bind(up_to)
    .bind(on.card)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    keep(change, account_id).await?;
    let after = Held {
        account_id,
        account: account.to_owned(),
        switch: Switch::On,
        threshold: on.threshold,
        rule: on.rule,
        card_id: on.card,
        revision: 0,
    };
    let before = before.map_or_else(|| json!({}), Held::shown);
    change.record("autopay.on", "account", account, &before, &after.shown(), reason);
    Ok(())
}

/// Switches automatic payment off if the event does; whether it did.
pub(super) async fn switch(change: &mut Change, held: &Held, event: Event, reason: &str) -> Result<bool, AutopayError> {
    let Ok(Switch::Off(why)) = held.switch.after(event) else { return Ok(false) };
    if held.switch != Switch::On {
        return Ok(false);
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE autopay SET enabled = false, off_reason = $2, changed_at = $3, changed_by = $4, revision = revision + 1 WHERE account_id = $1",
    )
    .bind(held.account_id)
    .bind(why.as_str())
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    keep(change, held.account_id).await?;
    let after = json!({"enabled": false, "off_reason": why.as_str()});
    change.record("autopay.off", "account", &held.account, &held.shown(), &after, reason);
    if why.is_told() {
        tell(change, held, why).await?;
    }
    Ok(true)
}

/// Keeps what it is from now on.
async fn keep(change: &mut Change, account_id: i64) -> Result<(), AutopayError> {
    sqlx::query(
        "INSERT INTO autopay_change (account_id, at, author, enabled, off_reason, threshold, amount, up_to, card_id)
         SELECT account_id, changed_at, changed_by, enabled, off_reason, threshold, amount, up_to, card_id FROM autopay WHERE account_id = $1",
    )
    .bind(account_id)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// Writes to the client why it is off, if he has an address.
async fn tell(change: &mut Change, held: &Held, why: OffReason) -> Result<(), AutopayError> {
    let row = sqlx::query(
        "SELECT c.id, c.code, c.email, c.language::text AS language, k.mask FROM account a JOIN client c ON c.id = a.client_id JOIN card k ON k.id = $2
         WHERE a.id = $1 AND c.email IS NOT NULL AND c.gdpr_state = 'none'",
    )
    .bind(held.account_id)
    .bind(held.card_id)
    .fetch_optional(change.connection())
    .await?;
    let Some(row) = row else { return Ok(()) };
    let (client_id, client): (i64, String) = (row.get("id"), row.get("code"));
    let (email, mask): (String, String) = (row.get("email"), row.get("mask"));
    let letter = letter(row.get("language"), &client, &held.account, last_four(&mask), why);
    let new = NewMail {
        client: Some((client_id, client.as_str())),
        to: &email,
        subject: &letter.subject,
        body: &letter.body,
        class: Class::Service,
        kind: letter::KIND,
    };
    mail::enqueue(change, &new).await?;
    Ok(())
}
