//! Money came or went: what follows from it for the credit and the blocks of its account.
//!
//! Owns: the order in which that is asked.
//! Does not own: the verdicts (`case`), payments and what they are meant for.
//! Always: in the transaction that books the money; ends what is over and begins nothing but, behind a notice, the block of what a check has found.

use super::case::Fate;
use super::settings::rules;
use super::{CreditError, load, write};
use crate::change::Change;
use crate::credit::blocks::Cause;
use crate::ledger;

/// What a payment came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// Closings that were wrong (A15).
    pub voided: usize,
    /// Closings that are paid (M52).
    pub paid: usize,
    /// Causes of blocks that ended.
    pub unblocked: Vec<Cause>,
}

/// To be called by whoever books real money, or lowers what was billed, after he has done so and in the same change: a payment as well as its return. Closings
/// that were wrong are void, who owes nothing any more is released and has his credit again, blocks whose cause is over end; none begins.
///
/// Money counts by the value date of its posting, or its day. What documents are paid is written down before.
///
/// # Errors
/// No such account; what the ledger refuses.
pub async fn after_payment(change: &mut Change, account: i64) -> Result<After, CreditError> {
    let now = change.now();
    let rules = rules(change.connection(), now).await?;
    ledger::hold_accounts(change, &[account]).await?;
    let mut case = load::case(change.connection(), account, &rules).await?.ok_or(CreditError::NoAccount)?;
    case.after_money(rules.today);
    case.end_blocks(&rules);
    let ended_as = |wanted: Fate| case.done.fates.values().filter(|(fate, _)| *fate == wanted).count();
    let after = After {
        voided: ended_as(Fate::Void),
        paid: ended_as(Fate::Paid),
        unblocked: case.done.ended.iter().map(|held| held.block.cause).collect(),
    };
    write::write(change, std::slice::from_ref(&case)).await?;
    Ok(after)
}

/// A notice of intention is on record: who is to be blocked for what a check has found is blocked now (A16).
pub(crate) async fn after_notice(change: &mut Change, account: i64) -> Result<(), CreditError> {
    let now = change.now();
    let rules = rules(change.connection(), now).await?;
    ledger::hold_accounts(change, &[account]).await?;
    let mut case = load::case(change.connection(), account, &rules).await?.ok_or(CreditError::NoAccount)?;
    case.begin_debt_block(&rules);
    write::write(change, std::slice::from_ref(&case)).await
}
