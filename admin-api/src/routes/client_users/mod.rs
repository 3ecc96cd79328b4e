//! Endpoints of users of clients, as staff keep them.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: users (`billing::cabinet`), what they do in the cabinet (`routes::cabinet`), passwords (`crate::passwords`).
//! Always: no change without a reason; no field sets a verified phone (B4); a password that was made up is shown once.

pub(crate) mod add;
pub(crate) mod block;
pub(crate) mod list;
pub(crate) mod password;
pub(crate) mod unblock;
pub(crate) mod update;
pub(crate) mod work_as;

use std::collections::BTreeSet;

use billing::cabinet::{ClientUser, Right};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;

/// A user of a client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientUserView {
    /// Identifier.
    id: i64,
    /// Login.
    login: String,
    /// Name.
    name: String,
    /// E-mail.
    email: String,
    /// What he may in the cabinet: of `view`, `pay`, `manage_services`, `manage_contacts`, `manage_users`.
    rights: Vec<&'static str>,
    /// Phone that he has proved to be his; set by verification alone (B4).
    verified_phone: Option<String>,
    /// Since when he is blocked.
    blocked_at: Option<DateTime<Utc>>,
    /// Why.
    block_reason: Option<String>,
    /// When he was added.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Raised with every change.
    revision: i64,
}

impl From<ClientUser> for ClientUserView {
    fn from(user: ClientUser) -> Self {
        Self {
            id: user.id,
            login: user.login,
            name: user.name,
            email: user.email,
            rights: names(&user.rights),
            verified_phone: user.verified_phone,
            block_reason: user.blocked_at.is_some().then_some(user.block_reason),
            blocked_at: user.blocked_at,
            created_at: user.created_at,
            created_by: user.created_by,
            revision: user.revision,
        }
    }
}

/// Names of rights.
pub(crate) fn names(rights: &BTreeSet<Right>) -> Vec<&'static str> {
    rights.iter().map(|right| right.as_str()).collect()
}

/// Rights by their names.
fn rights(names: &[String]) -> Result<BTreeSet<Right>, Problem> {
    let words = || Right::ALL.iter().map(|right| right.as_str());
    names.iter().map(|name| inputs::one_of("/rights", name, words())).collect()
}

/// The digest of a request with a password would be a digest of the password that nothing slows down, and an answer with one is kept nowhere.
fn without_key(context: &CallContext) -> Result<(), Problem> {
    if context.idempotency("", "", &[]).is_none() {
        return Ok(());
    }
    let detail = Text::fixed(
        "Запрос с паролем нигде не хранится, повторить его ответ нельзя: уберите заголовок",
        "A request with a password is kept nowhere and its answer cannot be repeated: leave the header out",
    );
    Err(Problem::field("Idempotency-Key", detail))
}
