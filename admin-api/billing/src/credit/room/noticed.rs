//! Debts that notices of intention were about (M70).
//!
//! Owns: the statement that reads notices, the rule asked of many accounts.
//! Does not own: the rule (`termination`), the notices (`crate::blocks`), what follows (`crate::terminations`).
//! Always: reads only; a notice behind which a contract was ended is spent, and so are those before it; behind a contract that is ended none counts.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::case::Case;
use super::load;
use super::settings::{Rules, rules};
use crate::credit::calendar::day_of;
use crate::credit::termination::{Notice, Unresolved, unresolved};
use crate::store::StoreError;

/// An account and what it owes.
#[derive(Clone, Debug)]
pub(crate) struct Noticed {
    /// Its identifier.
    pub(crate) account: i64,
    /// Its code.
    pub(crate) code: String,
    /// Its currency.
    pub(crate) currency: String,
    /// Documents less real money.
    pub(crate) debt: Decimal,
    /// The debt whose term runs, if one does.
    pub(crate) unresolved: Option<Unresolved>,
    /// Today, in the billing zone.
    pub(crate) today: NaiveDate,
}

/// How accounts stand behind their notices, in the order of their identifiers; a closed one owes nothing.
pub(crate) async fn noticed(
    connection: &mut PgConnection,
    accounts: &[i64],
    now: DateTime<Utc>,
) -> Result<Vec<Noticed>, StoreError> {
    let rules = rules(connection, now).await?;
    let cases = load::cases(connection, accounts, None, &rules).await?;
    let notices = notices(connection, accounts, &rules).await?;
    let behind = |case: &Case| {
        let notices = notices.get(&case.account).filter(|_| case.is_active)?;
        unresolved(notices, &case.documents, &case.payments, rules.today, rules.termination_months)
    };
    Ok(cases
        .iter()
        .map(|case| Noticed {
            account: case.account,
            code: case.code.clone(),
            currency: case.currency.clone(),
            debt: case.debt(),
            unresolved: behind(case),
            today: rules.today,
        })
        .collect())
}

/// Notices that count, by account, the oldest first.
async fn notices(
    connection: &mut PgConnection,
    accounts: &[i64],
    rules: &Rules,
) -> Result<HashMap<i64, Vec<Notice>>, StoreError> {
    let rows = sqlx::query(
        "SELECT n.account_id, n.id, n.sent_at FROM account_notice n
         WHERE n.account_id = ANY($1)
               AND n.sent_at > coalesce((SELECT max(t.executed_at) FROM account_termination t WHERE t.account_id = n.account_id), '-infinity')
               AND NOT EXISTS (SELECT FROM account_block b WHERE b.account_id = n.account_id AND b.cause = 'terminated' AND b.ended_at IS NULL)
         ORDER BY n.sent_at, n.id",
    )
    .bind(accounts)
    .fetch_all(connection)
    .await?;
    let mut notices: HashMap<i64, Vec<Notice>> = HashMap::new();
    for row in &rows {
        let notice = Notice { id: row.get("id"), day: day_of(row.get("sent_at"), rules.zone) };
        notices.entry(row.get("account_id")).or_default().push(notice);
    }
    Ok(notices)
}
