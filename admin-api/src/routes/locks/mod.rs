//! Endpoints of locks.
//!
//! Owns: the list of them, how a lock is shown, and which problem each refusal is.
//! Does not own: locks (`billing::locks`), the check of a number (`tariffs::lock_check`).
//! Always: a lock is named by its identifier; whoever may see it sees its author and why it stands.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod update;

use billing::locks::{self, LockCard, LockError};
use billing::staff::Permission;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::forbidden;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A lock. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct LockView {
    /// Identifier.
    id: i64,
    /// `local` (of an account) or `global`.
    scope: &'static str,
    /// Code of the account; `null` = for all.
    account: Option<String>,
    /// The barred prefix or number, or `short:CODE`.
    mask: String,
    /// Code of the provider; `null` = whatever the provider.
    provider: Option<String>,
    /// Who asked for it: `client`, `operator` or `fraud`.
    origin: String,
    /// Whether it is meant to bar; a deleted lock never is.
    active: bool,
    /// First moment; `null` = open.
    from: Option<DateTime<Utc>>,
    /// Moment after the last; `null` = open.
    to: Option<DateTime<Utc>>,
    /// Whether it bars now.
    in_force: bool,
    /// Since when it has barred without a break; `null` = it does not, or since ever.
    since: Option<DateTime<Utc>>,
    /// Login of the author, whom to ask.
    author: String,
    /// Why it stands.
    comment: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was deleted; its history stays.
    deleted_at: Option<DateTime<Utc>>,
    /// Raised by every change; also the ETag.
    revision: i64,
}

impl From<LockCard> for LockView {
    fn from(card: LockCard) -> Self {
        Self {
            id: card.id,
            scope: if card.account.is_some() { "local" } else { "global" },
            account: card.account,
            mask: card.mask,
            provider: card.provider,
            origin: card.origin,
            active: card.active,
            from: card.from,
            to: card.to,
            in_force: card.in_force,
            since: card.since,
            author: card.author,
            comment: card.comment,
            created_at: card.created_at,
            deleted_at: card.deleted_at,
            revision: card.revision,
        }
    }
}

impl From<LockError> for Problem {
    fn from(error: LockError) -> Self {
        match error {
            LockError::NotFound => Self::new(Code::NotFound),
            LockError::NoAccount(code) => Self::field(
                "/account",
                Text::new(format!("Лицевого счёта {code} нет"), format!("There is no account {code}")),
            ),
            LockError::NoProvider(code) => Self::field(
                "/provider",
                Text::new(format!("Провайдера {code} нет"), format!("There is no provider {code}")),
            ),
            LockError::Emergency(code) => inputs::emergency_not_lockable("/mask", &code),
            LockError::Exists(id) => Self::new(Code::AlreadyExists).because(Text::new(
                format!("То же самое уже запрещает блокировка {id}: измените её или укажите другие маску, счёт, провайдера, источник или срок"),
                format!("Lock {id} bars the same already: change that one, or give another mask, account, provider, origin or validity"),
            )),
            LockError::NoTime => Self::field(
                "/to",
                Text::fixed("Срок кончается раньше, чем начинается, или уже прошёл", "The validity ends before it begins, or is over"),
            ),
            LockError::TooMany(most) => Self::new(Code::LimitTooLarge).because(Text::new(
                format!("Не больше {most} блокировок клиента на счёте"),
                format!("At most {most} locks of the client on an account"),
            )),
            LockError::Deleted => Self::new(Code::InvalidTransition)
                .because(Text::fixed("Блокировка удалена; создайте новую", "The lock is deleted; make a new one")),
            LockError::MayNotLift => forbidden(Permission::LockDelete),
            LockError::Stale => Self::new(Code::Stale),
            LockError::Store(error) => error.into(),
        }
    }
}

/// The lock with the identifier of a path.
async fn existing(state: &AppState, id: &str) -> Result<LockCard, Problem> {
    let id = inputs::id("/id", id)?;
    locks::by_id(&state.store, id, state.clock.now()).await?.ok_or(Problem::new(Code::NotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (LockError::NotFound, Code::NotFound),
            (LockError::NoAccount("a".into()), Code::Validation),
            (LockError::NoProvider("p".into()), Code::Validation),
            (LockError::Emergency("112".into()), Code::EmergencyNotLockable),
            (LockError::Exists(7), Code::AlreadyExists),
            (LockError::NoTime, Code::Validation),
            (LockError::TooMany(1), Code::LimitTooLarge),
            (LockError::Deleted, Code::InvalidTransition),
            (LockError::MayNotLift, Code::Forbidden),
            (LockError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
