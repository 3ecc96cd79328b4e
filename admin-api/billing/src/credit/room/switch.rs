//! Terms of an account change: what goes with that for its credit (M54).
//!
//! Owns: table `account_terms_past`, the column `account.postpaid_since`, what coming under and leaving credit by the month post.
//! Does not own: which terms there may be (`accounts`).
//! Always: the terms of before stay readable by the moment until which they were in force, so that a check that comes late asks for the limit of the last day;
//! who leaves owes no credit.

use super::settings::rules;
use super::{CreditError, load, write};
use crate::accounts::{CreditPolicy, PaymentMode};
use crate::change::Change;
use crate::ledger;

/// Keeps the credit terms that an account has until now. To be called before they change.
pub(crate) async fn keep_terms(change: &mut Change, account: i64) -> Result<(), CreditError> {
    let now = change.now();
    sqlx::query(
        "INSERT INTO account_terms_past (account_id, until, payment_mode, credit_policy, credit_limit)
         SELECT id, $2, payment_mode, credit_policy, credit_limit FROM account WHERE id = $1",
    )
    .bind(account)
    .bind(now)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// An account has other terms, or is new: `before` is `None` then. `at_once`: who comes under credit by the month gets it now, else at the turn of the month. To
/// be called after they have changed; whoever holds the account has held its months before.
pub(crate) async fn switched(
    change: &mut Change,
    account: i64,
    before: Option<(PaymentMode, CreditPolicy)>,
    after: (PaymentMode, CreditPolicy),
    at_once: bool,
) -> Result<(), CreditError> {
    if before == Some(after) {
        return Ok(());
    }
    let now = change.now();
    let since = (after.0 == PaymentMode::Postpaid).then_some(now);
    if before.is_some() || since.is_some() {
        sqlx::query("UPDATE account SET postpaid_since = $2 WHERE id = $1")
            .bind(account)
            .bind(since)
            .execute(change.connection())
            .await?;
    }
    let was_monthly = before.is_some_and(|(_, policy)| policy == CreditPolicy::Monthly);
    let is_monthly = after.1 == CreditPolicy::Monthly;
    if was_monthly == is_monthly {
        return Ok(());
    }
    let rules = rules(change.connection(), now).await?;
    ledger::hold_accounts(change, &[account]).await?;
    let mut case = load::case(change.connection(), account, &rules).await?.ok_or(CreditError::NoAccount)?;
    if is_monthly {
        case.join(at_once, rules.today);
    } else {
        case.leave(rules.today);
    }
    case.end_blocks(&rules);
    write::write(change, std::slice::from_ref(&case)).await
}
