//! What can be asked for.
//!
//! Owns: the registry of kinds, and what each of them has to say.
//! Does not own: requests (the rest of the room).
//! Always: one kind a file and a line in the registry. Its file has `ENTITY` (the kind of record, as the audit names it), `NEEDS` (what who asks may), `plan`
//! (what was asked, understood: payload, revision, steps, consent) and `execute` (does it inside the approving change).

mod account_credit_limit;
mod account_terminate;
mod did_force;
mod did_replace;
mod posting_reverse;
mod price_import_activate;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::PgConnection;

use super::ApprovalError;
use super::rules::{Consent, Step};
use crate::change::Change;
use crate::staff::Permission;

/// Defines the registry: the kind's name in requests, and its file.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal, $module:ident;)+) => {
        /// What can be asked for.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Kind { $($(#[$doc])+ $variant),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Their names.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The kind of record that it is about.
            pub const fn entity(self) -> &'static str {
                match self { $(Self::$variant => $module::ENTITY),+ }
            }

            /// What who asks for it has to be allowed.
            pub const fn needs(self) -> Permission {
                match self { $(Self::$variant => $module::NEEDS),+ }
            }

            /// What it would mean as things are, or why it cannot be asked for.
            pub(super) async fn plan(self, connection: &mut PgConnection, subject: &Subject<'_>) -> Result<Plan, ApprovalError> {
                match self { $(Self::$variant => $module::plan(connection, subject).await),+ }
            }

            /// Does it.
            pub(super) async fn execute(self, change: &mut Change, order: &Order<'_>) -> Result<(), ApprovalError> {
                match self { $(Self::$variant => $module::execute(change, order).await),+ }
            }
        }
    };
}

kinds! {
    /// Raise the credit limit of an account above what one person may give.
    AccountCreditLimit = "account.credit_limit", account_credit_limit;
    /// End the contract of a debtor (M70).
    AccountTerminate = "account.terminate", account_terminate;
    /// Force a number into sale (M20).
    DidForce = "did.force", did_force;
    /// Replace a number that strangers keep calling (M22).
    DidReplace = "did.replace", did_replace;
    /// Take a posting back (M43).
    PostingReverse = "posting.reverse", posting_reverse;
    /// Put an imported price list in force.
    PriceImportActivate = "price_import.activate", price_import_activate;
}

impl Kind {
    /// What follows from its being asked for, beside the request itself.
    pub(super) async fn asked(self, change: &mut Change, asked: &Asked<'_>) -> Result<(), ApprovalError> {
        match self {
            Self::DidForce => did_force::asked(change, asked).await,
            _ => Ok(()),
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// What is asked for, as it came or was kept.
pub(super) struct Subject<'a> {
    /// What it is about.
    pub(super) entity_id: &'a str,
    /// What it would do.
    pub(super) payload: &'a Value,
    /// Whether what it is about stays as it is until the end of the transaction.
    pub(super) hold: bool,
    /// The moment.
    pub(super) now: DateTime<Utc>,
    /// Identifier of who asks, or has asked.
    pub(super) requester: i64,
}

/// What is asked for, understood.
pub(super) struct Plan {
    /// What it would do, complete: read again it gives the same.
    pub(super) payload: Value,
    /// Revision of what it is about.
    pub(super) revision: i64,
    /// Who has to approve, one step after another; at least one.
    pub(super) steps: Vec<Step>,
    /// Consent that the client has to give before the last approval.
    pub(super) consent: Option<Consent>,
}

/// What was asked for just now.
pub(super) struct Asked<'a> {
    /// Identifier of the request.
    pub(super) approval: i64,
    /// Identifier of who asked.
    pub(super) requester: i64,
    /// What it is about.
    pub(super) entity_id: &'a str,
    /// What it would mean.
    pub(super) plan: &'a Plan,
    /// Why.
    pub(super) reason: &'a str,
}

/// What was approved.
pub(super) struct Order<'a> {
    /// Identifier of the request.
    pub(super) approval: i64,
    /// The consent that the client had to give, and gave.
    pub(super) consent: Option<Consent>,
    /// What it is about.
    pub(super) entity_id: &'a str,
    /// What it does.
    pub(super) payload: &'a Value,
    /// Revision that it was approved for.
    pub(super) revision: i64,
    /// Why, and by which request.
    pub(super) reason: &'a str,
}

/// A payload as its kind has it.
fn read<T: DeserializeOwned>(payload: &Value) -> Result<T, ApprovalError> {
    serde_json::from_value(payload.clone()).map_err(|error| ApprovalError::Payload(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_of_their_own() {
        assert!(Kind::NAMES.is_sorted() && Kind::NAMES.len() == Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert!(!kind.entity().is_empty() && !kind.needs().as_str().is_empty());
        }
        assert!("account.pay".parse::<Kind>().is_err());
    }
}
