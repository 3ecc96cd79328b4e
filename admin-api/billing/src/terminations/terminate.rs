//! The contract of a debtor is ended.
//!
//! Owns: what goes with it, in one change: the contract with its reason, the numbers, the block, the letters, the row.
//! Does not own: each of these (their rooms).
//! Always: months, account and balance are held before the debt is asked for, so that no money comes between the question and the end; twice is refused.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::letter::{Ended, to_client, to_manager};
use super::{TerminationError, store};
use crate::blocks;
use crate::change::Change;
use crate::contracts::{self, covering};
use crate::credit::termination::Unresolved;
use crate::credit::{Noticed, noticed};
use crate::ledger;
use crate::mail::{self, Class, Letter, NewMail};
use crate::numbers::{self, in_work};

/// The kind of these mails.
const KIND: &str = "termination";

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminated {
    /// Numbers of the contracts that were ended.
    pub contracts: Vec<String>,
    /// Numbers of those that cover other accounts, and stay.
    pub kept: Vec<String>,
    /// How many numbers went to the archive.
    pub numbers: usize,
}

/// What ending the contract of an account would mean now, for whoever approves it, and the notice behind which it is due.
pub(crate) async fn planned(
    connection: &mut PgConnection,
    code: &str,
    now: DateTime<Utc>,
) -> Result<(i64, Value), TerminationError> {
    let account = account(connection, code).await?;
    let (one, unresolved) = due(connection, account, now).await?;
    let (kept, ended): (Vec<_>, Vec<_>) =
        covering(connection, account).await?.into_iter().partition(|contract| contract.is_shared);
    let number = |contract: &contracts::Covering| contract.number.clone();
    let numbers = in_work(connection, account).await?.len();
    let plan = json!({
        "notice": unresolved.notice.id, "noticed_on": unresolved.notice.day, "due_on": unresolved.due, "owed": unresolved.owed.normalize().to_string(),
        "debt": one.debt.normalize().to_string(), "currency": one.currency, "contracts": ended.iter().map(number).collect::<Vec<_>>(),
        "contracts_kept": kept.iter().map(number).collect::<Vec<_>>(), "numbers": numbers,
    });
    Ok((unresolved.notice.id, plan))
}

/// Ends the contract of an account behind a notice.
///
/// # Errors
/// No such account; a debt that is not due behind this notice any more; what a contract, a number or a block refuses: nothing of it was done then.
pub async fn terminate(
    change: &mut Change,
    code: &str,
    notice: i64,
    reason: &str,
) -> Result<Terminated, TerminationError> {
    let id = account(change.connection(), code).await?;
    ledger::hold_months(change, &[id]).await?;
    // Held as who changes it does, before its balance: a lock that is raised later could wait for who waits for us.
    sqlx::query("SELECT FROM account WHERE id = $1 FOR NO KEY UPDATE").bind(id).execute(change.connection()).await?;
    ledger::hold_accounts(change, &[id]).await?;
    let now = change.now();
    let (one, unresolved) = due(change.connection(), id, now).await?;
    if unresolved.notice.id != notice {
        return Err(TerminationError::NotDue);
    }
    let (ended, kept) = end_contracts(change, id, reason).await?;
    let numbers = in_work(change.connection(), id).await?;
    for number in &numbers {
        numbers::archive(change, *number, None, reason).await?;
    }
    blocks::terminated(change, (id, code), notice, reason).await?;
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let all = Ended {
        account: code,
        currency: &one.currency,
        owed: unresolved.owed,
        noticed_on: unresolved.notice.day,
        contracts: &ended,
        kept: &kept,
        numbers: &numbers,
    };
    let mails = write_letters(change, id, &all).await?;
    store::executed(change, (&one, &unresolved), &all, mails).await?;
    let after = json!({
        "notice": notice, "owed": unresolved.owed.normalize(), "debt": one.debt.normalize(), "contracts": ended, "contracts_kept": kept,
        "numbers": numbers.len(), "mail": mails[0], "manager_mail": mails[1],
    });
    change.record("account.terminate", "account", code, &json!({}), &after, reason);
    Ok(Terminated { contracts: ended, kept, numbers: numbers.len() })
}

async fn account(connection: &mut PgConnection, code: &str) -> Result<i64, TerminationError> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM account WHERE code = $1").bind(code).fetch_optional(connection).await?;
    id.ok_or(TerminationError::NoAccount)
}

/// The account and its debt, if the term is over.
async fn due(
    connection: &mut PgConnection,
    account: i64,
    now: DateTime<Utc>,
) -> Result<(Noticed, Unresolved), TerminationError> {
    let one = noticed(connection, &[account], now).await?.pop().ok_or(TerminationError::NoAccount)?;
    match one.unresolved {
        Some(unresolved) if unresolved.due <= one.today => Ok((one, unresolved)),
        _ => Err(TerminationError::NotDue),
    }
}

/// Ends the contracts that cover nobody else who goes on; the numbers of these, and of the others.
async fn end_contracts(
    change: &mut Change,
    account: i64,
    reason: &str,
) -> Result<(Vec<String>, Vec<String>), TerminationError> {
    let (mut ended, mut kept) = (Vec::new(), Vec::new());
    for contract in covering(change.connection(), account).await? {
        if contract.is_shared {
            kept.push(contract.number);
        } else {
            contracts::terminate(change, contract.id, None, reason).await?;
            ended.push(contract.number);
        }
    }
    Ok((ended, kept))
}

/// Writes to the client and to his manager, where they have an address.
async fn write_letters(
    change: &mut Change,
    account: i64,
    ended: &Ended<'_>,
) -> Result<[Option<i64>; 2], TerminationError> {
    let to = store::addressees(change.connection(), account).await?;
    let client = (to.client_id, to.client.as_str());
    let letter = to_client(&to.language, &to.client, ended);
    let mail = write(change, client, to.email.as_deref(), &letter, Class::Legal).await?;
    let letter = to_manager(&to.client, ended, mail.is_some());
    let manager_mail = write(change, client, to.manager.as_deref(), &letter, Class::Service).await?;
    Ok([mail, manager_mail])
}

async fn write(
    change: &mut Change,
    client: (i64, &str),
    to: Option<&str>,
    letter: &Letter,
    class: Class,
) -> Result<Option<i64>, TerminationError> {
    let Some(to) = to else { return Ok(None) };
    let new = NewMail { client: Some(client), to, subject: &letter.subject, body: &letter.body, class, kind: KIND };
    Ok(Some(mail::enqueue(change, &new).await?))
}
