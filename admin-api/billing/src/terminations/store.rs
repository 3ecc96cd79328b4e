//! SQL of terminations: whom they may concern, the rows of `account_termination`.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::letter::Ended;
use crate::change::Change;
use crate::credit::Noticed;
use crate::credit::termination::Unresolved;
use crate::store::StoreError;

/// The next accounts that a notice was sent to, or whose term runs. Data of cleaned clients are nobody's to act on (B9).
pub(super) async fn noticed_accounts(
    connection: &mut PgConnection,
    after: i64,
    most: i64,
) -> Result<Vec<i64>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT a.id FROM account a JOIN client c ON c.id = a.client_id
         WHERE a.id > $1 AND (a.active AND c.gdpr_state = 'none' AND EXISTS (SELECT FROM account_notice n WHERE n.account_id = a.id)
                              OR EXISTS (SELECT FROM account_termination t WHERE t.account_id = a.id AND t.state = 'waiting'))
         ORDER BY a.id LIMIT $2",
    )
    .bind(after)
    .bind(most)
    .fetch_all(connection)
    .await?)
}

/// Ends the waiting of these accounts for any other notice than those whose term runs; how many there were.
pub(super) async fn resolve(
    connection: &mut PgConnection,
    accounts: &[i64],
    running: &[&Noticed],
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let notices: Vec<i64> = unresolved(running).map(|(_, unresolved)| unresolved.notice.id).collect();
    let resolved = sqlx::query(
        "UPDATE account_termination SET state = 'resolved', looked_at = $3
         WHERE account_id = ANY($1) AND state = 'waiting' AND notice_id <> ALL($2)",
    )
    .bind(accounts)
    .bind(&notices)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(resolved.rows_affected())
}

/// Notices behind which people have refused to end a contract: the program does not ask again, and does not do it.
pub(super) async fn declined(connection: &mut PgConnection, running: &[&Noticed]) -> Result<Vec<i64>, StoreError> {
    let notices: Vec<i64> = unresolved(running).map(|(_, unresolved)| unresolved.notice.id).collect();
    Ok(sqlx::query_scalar(
        "SELECT entity_revision FROM approval WHERE kind = 'account.terminate' AND entity_revision = ANY($1) AND state IN ('refused', 'withdrawn')",
    )
    .bind(&notices)
    .fetch_all(connection)
    .await?)
}

/// Writes whose term runs.
pub(super) async fn keep_waiting(
    connection: &mut PgConnection,
    running: &[&Noticed],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let rows: Vec<(&Noticed, Unresolved)> = unresolved(running).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO account_termination AS t (account_id, notice_id, noticed_on, due_on, owed, debt, looked_at)
         SELECT d.account, d.notice, d.noticed_on, d.due_on, d.owed, d.debt, $7
         FROM unnest($1::bigint[], $2::bigint[], $3::date[], $4::date[], $5::numeric[], $6::numeric[]) AS d (account, notice, noticed_on, due_on, owed, debt)
         ON CONFLICT (account_id, notice_id) DO UPDATE
         SET state = 'waiting', due_on = excluded.due_on, owed = excluded.owed, debt = excluded.debt, looked_at = excluded.looked_at
         WHERE t.state <> 'executed'",
    )
    .bind(rows.iter().map(|(one, _)| one.account).collect::<Vec<i64>>())
    .bind(rows.iter().map(|(_, unresolved)| unresolved.notice.id).collect::<Vec<i64>>())
    .bind(rows.iter().map(|(_, unresolved)| unresolved.notice.day).collect::<Vec<NaiveDate>>())
    .bind(rows.iter().map(|(_, unresolved)| unresolved.due).collect::<Vec<NaiveDate>>())
    .bind(rows.iter().map(|(_, unresolved)| unresolved.owed).collect::<Vec<Decimal>>())
    .bind(rows.iter().map(|(one, _)| one.debt).collect::<Vec<Decimal>>())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

fn unresolved<'a>(running: &'a [&'a Noticed]) -> impl Iterator<Item = (&'a Noticed, Unresolved)> {
    running.iter().filter_map(|one| one.unresolved.map(|unresolved| (*one, unresolved)))
}

/// Whom the letters go to.
pub(super) struct Addressees {
    pub(super) client_id: i64,
    pub(super) client: String,
    pub(super) language: String,
    pub(super) email: Option<String>,
    pub(super) manager: Option<String>,
}

/// The client of an account, and the address of his manager while he is at work.
pub(super) async fn addressees(connection: &mut PgConnection, account: i64) -> Result<Addressees, StoreError> {
    let row = sqlx::query(
        "SELECT c.id, c.code, c.language::text AS language, c.email, u.email AS manager
         FROM account a JOIN client c ON c.id = a.client_id LEFT JOIN staff_user u ON u.id = c.manager_id AND u.blocked_at IS NULL WHERE a.id = $1",
    )
    .bind(account)
    .fetch_one(connection)
    .await?;
    Ok(Addressees {
        client_id: row.get("id"),
        client: row.get("code"),
        language: row.get("language"),
        email: row.get("email"),
        manager: row.get("manager"),
    })
}

/// Writes what was done: behind which debt, and the mails to the client and his manager.
pub(super) async fn executed(
    change: &mut Change,
    (one, unresolved): (&Noticed, &Unresolved),
    ended: &Ended<'_>,
    [mail, manager_mail]: [Option<i64>; 2],
) -> Result<(), StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "INSERT INTO account_termination (account_id, notice_id, noticed_on, due_on, owed, debt, state, looked_at, executed_at, executed_by, contracts,
             contracts_kept, numbers, mail_id, manager_mail_id)
         VALUES ($1, $2, $3, $4, $5, $6, 'executed', $7, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (account_id, notice_id) DO UPDATE
         SET state = 'executed', due_on = excluded.due_on, owed = excluded.owed, debt = excluded.debt, looked_at = excluded.looked_at,
             executed_at = excluded.executed_at, executed_by = excluded.executed_by, contracts = excluded.contracts,
             contracts_kept = excluded.contracts_kept, numbers = excluded.numbers, mail_id = excluded.mail_id, manager_mail_id = excluded.manager_mail_id",
    )
    .bind(one.account)
    .bind(unresolved.notice.id)
    .bind(unresolved.notice.day)
    .bind(unresolved.due)
    .bind(unresolved.owed)
    .bind(one.debt)
    .bind(now)
    .bind(author)
    .bind(ended.contracts)
    .bind(ended.kept)
    .bind(ended.numbers)
    .bind(mail)
    .bind(manager_mail)
    .execute(change.connection())
    .await?;
    Ok(())
}
