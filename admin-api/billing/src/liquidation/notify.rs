//! Letters to clients whose party is liquidated (M57).
//!
//! Owns: who gets one, and that he gets it once, or once in the time that the setting says.
//! Does not own: the criterion (`rules`, and the function of the schema that says the same), the words (`letter`).
//! Always: nothing to whoever is excluded (M59); one letter a client, party and date, however often the job runs; a letter that never went out is no notice.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use sqlx::Row;

use super::letter::letter;
use super::rules::Trigger;
use crate::change::Change;
use crate::mail::{self, Class, MailError, NewMail};
use crate::store::{Store, StoreError};

/// The kind of these mails.
pub(crate) const KIND: &str = "liquidation";

/// What a portion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notified {
    /// Letters.
    pub letters: u32,
    /// Where the next portion begins; `None` = there is none.
    pub after: Option<i64>,
}

/// What stands behind a run: clients by what concerns them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Clients whose party is liquidated.
    pub liquidated: i64,
    /// Of these: excluded.
    pub excluded: i64,
    /// Of these, not excluded: without an e-mail.
    pub without_email: i64,
    /// Clients whose party may end: warnings.
    pub warnings: i64,
}

impl Counts {
    /// The counts with the letters, as the result of a run has them.
    pub fn result(&self, letters: u32) -> Value {
        json!({
            "liquidated": self.liquidated, "letters": letters, "excluded": self.excluded, "without_email": self.without_email, "warnings": self.warnings,
        })
    }
}

const fn word(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Date => "date",
        Trigger::StatusOrDate => "status_or_date",
    }
}

/// Writes to the next `most` clients behind the client `after` who are due on a date: liquidated by then, not excluded, with an e-mail, and without a letter
/// about this party, or with the last one `repeat_days` ago.
pub async fn notify(
    change: &mut Change,
    date: NaiveDate,
    (trigger, repeat_days): (Trigger, Option<i64>),
    after: i64,
    most: i64,
) -> Result<Notified, MailError> {
    let now = change.now();
    // A last letter of this day or an earlier one lets the next go out.
    let repeat_before = repeat_days.and_then(|days| date.checked_sub_signed(TimeDelta::days(days)));
    let rows = sqlx::query(
        "SELECT c.id, c.code, c.email, c.language::text AS language, p.id AS party_id, p.name, p.termination_date
         FROM client c JOIN party p ON p.id = c.party_id
         LEFT JOIN LATERAL (SELECT max(n.for_date) AS last FROM liquidation_notice n JOIN mail m ON m.id = n.mail_id AND m.state IN ('queued', 'sent')
             WHERE n.client_id = c.id AND n.party_id = p.id) l ON true
         WHERE c.id > $1 AND party_liquidated(p.registry_status, p.termination_date, $2, $3) AND NOT c.excluded_from_liquidation_mail AND c.email IS NOT NULL
               AND (l.last IS NULL OR l.last <= $4)
         ORDER BY c.id LIMIT $5 FOR NO KEY UPDATE OF c",
    )
    .bind(after)
    .bind(word(trigger))
    .bind(date)
    .bind(repeat_before)
    .bind(most)
    .fetch_all(change.connection())
    .await?;
    let mut done = Notified::default();
    for row in &rows {
        let (client_id, code): (i64, String) = (row.get("id"), row.get("code"));
        let (email, language): (String, String) = (row.get("email"), row.get("language"));
        let (party_id, name): (i64, String) = (row.get("party_id"), row.get("name"));
        let letter = letter(&language, &code, &name, row.get("termination_date"));
        let new = NewMail {
            client: Some((client_id, code.as_str())),
            to: &email,
            subject: &letter.subject,
            body: &letter.body,
            class: Class::Legal,
            kind: KIND,
        };
        let mail_id = mail::enqueue(change, &new).await?;
        sqlx::query(
            "INSERT INTO liquidation_notice (client_id, party_id, mail_id, for_date, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (client_id, party_id, for_date) DO UPDATE SET mail_id = excluded.mail_id, at = excluded.at",
        )
        .bind(client_id)
        .bind(party_id)
        .bind(mail_id)
        .bind(date)
        .bind(now)
        .execute(change.connection())
        .await?;
        done.letters += 1;
        done.after = Some(client_id);
    }
    Ok(done)
}

/// Counts whom a date concerns.
pub async fn counts(store: &Store, date: NaiveDate, trigger: Trigger) -> Result<Counts, StoreError> {
    let row = sqlx::query(
        "SELECT count(*) FILTER (WHERE l.liquidated) AS liquidated, count(*) FILTER (WHERE l.liquidated AND c.excluded_from_liquidation_mail) AS excluded,
                count(*) FILTER (WHERE l.liquidated AND NOT c.excluded_from_liquidation_mail AND c.email IS NULL) AS without_email,
                count(*) FILTER (WHERE NOT l.liquidated AND p.registry_status <> 'active') AS warnings
         FROM client c JOIN party p ON p.id = c.party_id
         CROSS JOIN LATERAL (SELECT party_liquidated(p.registry_status, p.termination_date, $1, $2) AS liquidated) l",
    )
    .bind(word(trigger))
    .bind(date)
    .fetch_one(store.pool())
    .await?;
    Ok(Counts {
        liquidated: row.get("liquidated"),
        excluded: row.get("excluded"),
        without_email: row.get("without_email"),
        warnings: row.get("warnings"),
    })
}
