//! What an account may do now: asked before an order, a renewal, a change of tariff, an edit, an activation.
//!
//! Owns: putting blocks, overdue invoices and the floor into one answer.
//! Does not own: what a block stops and when an invoice is overdue (the rules), calls (their authorisation asks more).
//! Always: an invoice that is overdue for too long refuses at its moment, also before the hourly job has written the block (B14).

use rust_decimal::Decimal;

use super::case::Case;
use super::settings::{Rules, rules};
use super::{CreditError, load};
use crate::change::Change;
use crate::credit::blocks::{Action, Block, Cause, floor, refused_by};
use crate::credit::deferral::{Refusal, refuses, refuses_expense};
use crate::holds;
use crate::ledger;

/// Why something is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// A block for this cause stops it (M55).
    AccountBlocked(Cause),
    /// A payment invoice is overdue for too long (B14).
    BlockedOverdue,
    /// It goes beyond the credit limit (B14).
    CreditLimit,
    /// There is no credit, and too little money.
    InsufficientFunds,
}

impl Refused {
    /// Its code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountBlocked(_) => "ACCOUNT_BLOCKED",
            Self::BlockedOverdue => Refusal::BlockedOverdue.as_str(),
            Self::CreditLimit => Refusal::CreditLimit.as_str(),
            Self::InsufficientFunds => Refusal::InsufficientFunds.as_str(),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::BlockedOverdue => Self::BlockedOverdue,
            Refusal::CreditLimit => Self::CreditLimit,
            Refusal::InsufficientFunds => Self::InsufficientFunds,
        }
    }
}

/// Whether an account may do something now.
///
/// # Errors
/// No such account; [`CreditError::Refused`].
pub async fn may(change: &mut Change, account: i64, action: Action) -> Result<(), CreditError> {
    let now = change.now();
    let rules = rules(change.connection(), now).await?;
    let case = load::case(change.connection(), account, &rules).await?.ok_or(CreditError::NoAccount)?;
    refused(&case, action, &rules).map_or(Ok(()), |refused| Err(CreditError::Refused(refused)))
}

fn refused(case: &Case, action: Action, rules: &Rules) -> Option<Refused> {
    let blocks: Vec<Block> = case.blocks.iter().map(|held| held.block).collect();
    if let Some(block) = refused_by(&blocks, action) {
        let is_overdue = block.code(action) == Refused::BlockedOverdue.as_str();
        return Some(if is_overdue { Refused::BlockedOverdue } else { Refused::AccountBlocked(block.cause) });
    }
    refuses(case.receivable(rules.now), action).map(Refused::from)
}

/// Whether an expense fits what an account may use (B14): down to the floor exactly it does. Its balance is held from then on, so that of two orders at once the
/// second sees what the first has spent, and so are grants of its calls, whose reserved money is not there to be spent. Asked last, as calls of the account wait from
/// then on.
///
/// # Errors
/// No such account; [`CreditError::Refused`].
pub async fn may_spend(change: &mut Change, account: i64, expense: Decimal) -> Result<(), CreditError> {
    let now = change.now();
    let rules = rules(change.connection(), now).await?;
    ledger::hold_accounts(change, &[account]).await?;
    let reserved = holds::reserved(change, account).await?;
    let case = load::case(change.connection(), account, &rules).await?.ok_or(CreditError::NoAccount)?;
    let floor = floor(case.mode, case.policy, case.limit, case.temporary);
    let refusal = refuses_expense(case.policy, case.balance, reserved, floor, expense);
    refusal.map_or(Ok(()), |refusal| Err(CreditError::Refused(refusal.into())))
}
