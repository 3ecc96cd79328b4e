//! Who is told, and what is kept of it (M31, M32).
//!
//! Owns: who may have to be told, the rows of what was decided.
//! Does not own: the decision (`credit::critical_notice`), the words (`letter`).
//! Always: a letter that never went out is no notice; what is held back by the interval, or for want of an address, leaves a row, one a day and none on the day
//! of a letter.
//!
//! | what | statements |
//! | --- | --- |
//! | a portion | a lock, one that looks at the accounts with a critical balance behind the last one of before, two a row |

use chrono::{DateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::letter::{Bank, Low, Request, letter};
use super::rules::to_pay;
use crate::change::Change;
use crate::credit::critical_notice::{self, Notice};
use crate::mail::{self, Class, MailError, NewMail};

/// The kind of these mails.
const KIND: &str = "critical_balance";
/// Why nobody was written to who has no address.
const NO_EMAIL: &str = "suppressed: no e-mail";

/// What the settings say of notices.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Days of 24 hours between two of an account.
    pub interval_days: u32,
    /// The billing zone.
    pub zone: Tz,
}

/// What a portion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notified {
    /// Letters.
    pub sent: u32,
    /// Rows of notices that were held back.
    pub suppressed: u32,
    /// Where the next portion begins; `None` = there is none.
    pub after: Option<i64>,
}

/// An account at or below its critical balance.
struct Found {
    account_id: i64,
    account: String,
    balance: Decimal,
    critical: Decimal,
    currency: String,
    client_id: i64,
    client: String,
    email: Option<String>,
    language: String,
    last_sent: Option<DateTime<Utc>>,
    with_invoice: bool,
}

/// What becomes of a notice.
enum Outcome {
    Sent { mail: i64, to_pay: Option<Decimal> },
    Suppressed { cause: &'static str, reason: String },
}

/// Tells the clients of the next `most` accounts behind the account `after` that are at or below their critical balance, or writes down why not.
///
/// # Errors
/// The database.
pub async fn notify(change: &mut Change, terms: Terms, after: i64, most: i64) -> Result<Notified, MailError> {
    let now = change.now();
    // In a statement of its own: the next one sees what the process before has written.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('critical_notice', 67))")
        .execute(change.connection())
        .await?;
    let rows = sqlx::query(
        "SELECT a.id, a.code, b.balance, a.critical_balance, a.currency::text AS currency, c.id AS client_id, c.code AS client, c.email,
                c.language::text AS language, s.at AS last_sent, account_last_invoice(a.id) AS last_invoice,
                (SELECT max(p.at) FROM posting p WHERE p.account_id = a.id AND p.kind = 'payment' AND p.is_real) AS last_payment,
                e.name AS issuer, e.inn, e.kpp, k.bank, k.bic, k.account AS bank_account, k.correspondent
         FROM account a JOIN account_balance b ON b.account_id = a.id JOIN client c ON c.id = a.client_id JOIN legal_entity e ON e.id = a.legal_entity_id
         LEFT JOIN legal_entity_bank k ON k.legal_entity_id = e.id AND k.position = 1
         LEFT JOIN LATERAL (SELECT max(n.at) AS at FROM critical_notice n JOIN mail m ON m.id = n.mail_id AND m.state IN ('queued', 'sent')
             WHERE n.account_id = a.id AND n.outcome = 'sent') s ON true
         LEFT JOIN LATERAL (SELECT max(n.at) AS at FROM critical_notice n WHERE n.account_id = a.id AND n.outcome = 'suppressed') u ON true
         WHERE a.critical_balance IS NOT NULL AND a.active AND a.id > $1 AND b.balance <= a.critical_balance AND c.gdpr_state = 'none'
               AND (c.email IS NOT NULL AND (s.at IS NULL OR s.at <= $2) OR coalesce(greatest(s.at, u.at) < $3, true))
         ORDER BY a.id LIMIT $4",
    )
    .bind(after)
    .bind(now - TimeDelta::days(i64::from(terms.interval_days)))
    .bind(begin_of_day(now, terms.zone))
    .bind(most)
    .fetch_all(change.connection())
    .await?;
    let mut done = Notified::default();
    for row in &rows {
        let found = read(row);
        let notice =
            critical_notice::decide(found.balance, Some(found.critical), found.last_sent, terms.interval_days, now);
        let outcome = match (notice, &found.email) {
            (Notice::NotDue, _) => unreachable!("account {} was chosen by its balance", found.account),
            (Notice::Suppressed { .. }, _) => {
                Outcome::Suppressed { cause: "interval", reason: notice.suppression(terms.zone).unwrap_or_default() }
            }
            (Notice::Send, None) => Outcome::Suppressed { cause: "no_email", reason: NO_EMAIL.to_owned() },
            (Notice::Send, Some(email)) => send(change, &found, row, email).await?,
        };
        match outcome {
            Outcome::Sent { .. } => done.sent += 1,
            Outcome::Suppressed { .. } => done.suppressed += 1,
        }
        keep(change, &found, &outcome).await?;
        done.after = Some(found.account_id);
    }
    Ok(done)
}

fn read(row: &PgRow) -> Found {
    Found {
        account_id: row.get("id"),
        account: row.get("code"),
        balance: row.get("balance"),
        critical: row.get("critical_balance"),
        currency: row.get("currency"),
        client_id: row.get("client_id"),
        client: row.get("client"),
        email: row.get("email"),
        language: row.get("language"),
        last_sent: row.get("last_sent"),
        with_invoice: critical_notice::attaches_invoice(row.get("last_invoice"), row.get("last_payment")),
    }
}

/// The beginning of the day of `now` as the clocks of the zone show it.
fn begin_of_day(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let midnight = now.with_timezone(&zone).date_naive().and_time(NaiveTime::MIN);
    // Where clocks skip midnight, a day ago will do.
    let begun = zone.from_local_datetime(&midnight).earliest();
    begun.map_or(now - TimeDelta::days(1), |begun| begun.with_timezone(&Utc))
}

/// Writes the letter.
async fn send(change: &mut Change, found: &Found, row: &PgRow, email: &str) -> Result<Outcome, MailError> {
    let to_pay = to_pay(found.balance, found.critical).filter(|_| found.with_invoice);
    let bank = row.get::<Option<&str>, _>("bank").map(|name| Bank {
        name,
        bic: row.get("bic"),
        account: row.get("bank_account"),
        correspondent: row.get("correspondent"),
    });
    let request = Request { to_pay, issuer: row.get("issuer"), inn: row.get("inn"), kpp: row.get("kpp"), bank };
    let low = Low {
        account: &found.account,
        client: &found.client,
        currency: &found.currency,
        balance: found.balance,
        critical: found.critical,
        request: Some(request).filter(|_| found.with_invoice),
    };
    let letter = letter(&found.language, &low);
    let new = NewMail {
        client: Some((found.client_id, found.client.as_str())),
        to: email,
        subject: &letter.subject,
        body: &letter.body,
        class: Class::Service,
        kind: KIND,
    };
    let mail = mail::enqueue(change, &new).await?;
    Ok(Outcome::Sent { mail, to_pay })
}

/// Keeps what was decided.
async fn keep(change: &mut Change, found: &Found, outcome: &Outcome) -> Result<(), MailError> {
    let now = change.now();
    let (word, cause, reason, with_invoice, to_pay, mail) = match outcome {
        Outcome::Sent { mail, to_pay } => ("sent", None, "", Some(found.with_invoice), *to_pay, Some(*mail)),
        Outcome::Suppressed { cause, reason } => ("suppressed", Some(*cause), reason.as_str(), None, None, None),
    };
    sqlx::query(
        "INSERT INTO critical_notice (account_id, at, balance, critical, outcome, cause, reason, with_invoice, to_pay, mail_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(found.account_id)
    .bind(now)
    .bind(found.balance)
    .bind(found.critical)
    .bind(word)
    .bind(cause)
    .bind(reason)
    .bind(with_invoice)
    .bind(to_pay)
    .bind(mail)
    .execute(change.connection())
    .await?;
    let action = if mail.is_some() { "critical_notice.send" } else { "critical_notice.suppress" };
    let after = json!({
        "balance": found.balance.normalize(), "critical": found.critical.normalize(), "mail": mail, "with_invoice": with_invoice,
    });
    change.record(action, "account", &found.account, &json!({}), &after, reason);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_zone() {
        for (now, zone, expected) in [
            ("2027-03-13T09:00:00Z", "Europe/Moscow", "2027-03-12T21:00:00Z"),
            ("2027-03-12T21:00:00Z", "Europe/Moscow", "2027-03-12T21:00:00Z"),
            ("2027-03-12T20:59:59Z", "Europe/Moscow", "2027-03-11T21:00:00Z"),
        ] {
            let found = begin_of_day(now.parse().unwrap(), zone.parse().unwrap());
            assert_eq!(found, expected.parse::<DateTime<Utc>>().unwrap(), "{now}");
        }
    }
}
