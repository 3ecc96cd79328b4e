//! What a card shows of a client's liquidation (M60).

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{PgConnection, Row};

use super::rules::{Trigger, Verdict, judge};
use crate::parties::{Party, RegistryStatus};
use crate::store::StoreError;

/// How a client stands by the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Legal {
    /// Name of the [`RegistryStatus`]; `None`: nobody knows which party he is.
    pub status: Option<String>,
    /// When the party ends or ended.
    pub termination_date: Option<NaiveDate>,
    /// What follows from it.
    pub verdict: Verdict,
    /// Whether he gets no letters about it (M59).
    pub excluded: bool,
    /// Words on that.
    pub comment: String,
    /// When the first letter about this party was written.
    pub first_notified_at: Option<DateTime<Utc>>,
}

/// How a client who is this party stands at `now`.
pub(crate) async fn of_client(
    connection: &mut PgConnection,
    client_id: i64,
    party: Option<&Party>,
    now: DateTime<Utc>,
) -> Result<Legal, StoreError> {
    let row = sqlx::query(
        "SELECT c.excluded_from_liquidation_mail AS excluded, c.liquidation_comment AS comment,
                (SELECT min(n.at) FROM liquidation_notice n JOIN mail m ON m.id = n.mail_id AND m.state IN ('queued', 'sent')
                 WHERE n.client_id = c.id AND n.party_id = c.party_id) AS first_notified_at,
                (SELECT value FROM setting WHERE key = 'liquidation.trigger') AS trigger_by,
                ($2 AT TIME ZONE (SELECT value FROM setting WHERE key = 'billing.zone'))::date AS today
         FROM client c WHERE c.id = $1",
    )
    .bind(client_id)
    .bind(now)
    .fetch_one(connection)
    .await?;
    let mut legal = Legal {
        excluded: row.get("excluded"),
        comment: row.get("comment"),
        first_notified_at: row.get("first_notified_at"),
        ..Legal::default()
    };
    if let Some(party) = party {
        let trigger_by: String = row.get("trigger_by");
        let known = trigger_by.parse::<Trigger>().ok().zip(party.status.parse::<RegistryStatus>().ok());
        let (trigger, status) = known.ok_or_else(|| StoreError::Inconsistent {
            table: "party",
            problem: format!("status `{}` or trigger `{trigger_by}`, which nobody knows", party.status),
        })?;
        legal.verdict = judge(trigger, status, party.termination_date, row.get("today"));
        legal.status = Some(party.status.clone());
        legal.termination_date = party.termination_date;
    }
    Ok(legal)
}
