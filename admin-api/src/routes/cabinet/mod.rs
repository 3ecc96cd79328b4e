//! Endpoints of the cabinet: what clients do themselves, and employees who work as they.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: who is let in (`crate::cabinet_context`), what is done (`billing::cabinet` and the other rooms).
//! Always: whose cabinet it is, the session says and no parameter; nothing that staff write for themselves is answered (L5); somebody else's record is none.

pub(crate) mod accounts;
pub(crate) mod autopay_list;
pub(crate) mod autopay_set;
pub(crate) mod calls;
pub(crate) mod card_link;
pub(crate) mod card_list;
pub(crate) mod card_unlink;
pub(crate) mod contacts;
pub(crate) mod lock_create;
pub(crate) mod lock_delete;
pub(crate) mod lock_list;
pub(crate) mod me;
pub(crate) mod password_change;
pub(crate) mod payers;
pub(crate) mod payment_intent;
pub(crate) mod payments;
pub(crate) mod profile;
pub(crate) mod session_end;
pub(crate) mod session_open;
pub(crate) mod user_block;
pub(crate) mod user_list;

use billing::availability::AvailabilityError;
use billing::cabinet::{self, CabinetError, Profile};
use billing::change::CLIENT_LOGIN;
use billing::locks::LockCard;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A session. No `Debug`: the token is a secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionMade {
    /// The token, shown this once: `Authorization: Bearer ..`.
    pub(crate) token: String,
    /// Code of the client.
    pub(crate) client: String,
    /// The moment from which it is no longer valid.
    pub(crate) expires_at: DateTime<Utc>,
}

/// A client as he sees himself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileView {
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// Main e-mail.
    email: Option<String>,
    /// Phone, as it was written.
    phone: Option<String>,
    /// Whom to talk to.
    contact_person: String,
    /// Language of letters.
    language: String,
    /// Raised with every change.
    revision: i64,
}

impl From<Profile> for ProfileView {
    fn from(profile: Profile) -> Self {
        let Profile { code, name, email, phone, contact_person, language, revision } = profile;
        Self { code, name, email, phone, contact_person, language, revision }
    }
}

/// A lock that the client had made. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnLockView {
    /// Identifier.
    id: i64,
    /// Code of the account.
    account: Option<String>,
    /// The barred prefix or number, or `short:CODE`.
    mask: String,
    /// First moment; `null` = open.
    from: Option<DateTime<Utc>>,
    /// Moment after the last; `null` = open.
    to: Option<DateTime<Utc>>,
    /// Whether it bars now.
    in_force: bool,
    /// Why, where it was made in the cabinet by a user of the client; what staff wrote is for staff.
    comment: Option<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Raised with every change.
    revision: i64,
}

impl From<LockCard> for OwnLockView {
    fn from(card: LockCard) -> Self {
        Self {
            id: card.id,
            account: card.account,
            mask: card.mask,
            from: card.from,
            to: card.to,
            in_force: card.in_force,
            comment: card.author.starts_with(CLIENT_LOGIN).then_some(card.comment),
            created_at: card.created_at,
            revision: card.revision,
        }
    }
}

/// A body that may say why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerhapsReason {
    /// Why; an employee says it, a client need not.
    #[serde(default)]
    reason: Option<String>,
}

/// Identifier of the account with a code, where it is the client's own.
async fn own_account(state: &AppState, context: &CabinetContext, pointer: &str, code: &str) -> Result<i64, Problem> {
    let code = inputs::word(pointer, code)?;
    let id = cabinet::own_account(&state.store, context.visitor.client_id, code).await?;
    id.ok_or_else(|| Problem::no_account(code))
}

impl From<CabinetError> for Problem {
    fn from(error: CabinetError) -> Self {
        match error {
            CabinetError::NotFound => Self::new(Code::NotFound),
            CabinetError::LoginOff => Self::field(
                "/login",
                Text::fixed(
                    "Логином служит почта: настройка client.login_at_registration выключена",
                    "The e-mail is the login: the setting client.login_at_registration is off",
                ),
            ),
            CabinetError::LoginInUse(login) => Self::new(Code::LoginInUse)
                .at("/login", Text::new(format!("Логин занят: {login}"), format!("The login is taken: {login}"))),
            CabinetError::EmailInUse(email) => Self::new(Code::EmailInUse)
                .at("/email", Text::new(format!("Почта занята: {email}"), format!("The e-mail is taken: {email}"))),
            CabinetError::TooMany(most) => Self::new(Code::LimitTooLarge)
                .because(Text::new(format!("Не больше {most}"), format!("At most {most}"))),
            CabinetError::Oneself => Self::new(Code::InvalidTransition)
                .because(Text::fixed("Себя заблокировать нельзя", "Nobody blocks himself")),
            CabinetError::Already => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Так уже есть", "It is so already"))
            }
            CabinetError::Stale => Self::new(Code::Stale),
            CabinetError::Cleaned => Self::new(Code::Cleaned),
            CabinetError::OnlyClientPays => Self::new(Code::OnlyClientPays),
            CabinetError::BadAmount => Self::field(
                "/amount",
                Text::fixed(
                    "Ожидается сумма больше 0 и меньше 1000000000, не больше двух знаков после точки",
                    "An amount above 0 and below 1000000000 is expected, with at most two decimals",
                ),
            ),
            CabinetError::AccountNotAvailable => Self::new(Code::InvalidTransition).because(Text::fixed(
                "Счёт закрыт или ведётся в прежней валюте организации: платить на него нельзя",
                "The account is closed, or in a currency that its legal entity had before: nothing is paid to it",
            )),
            CabinetError::Method(AvailabilityError::NotFound) => {
                Self::field("/method", Text::fixed("Такого способа оплаты нет", "There is no such payment method"))
            }
            CabinetError::Method(error) => error.into(),
            CabinetError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (CabinetError::NotFound, Code::NotFound),
            (CabinetError::LoginOff, Code::Validation),
            (CabinetError::LoginInUse("a".into()), Code::LoginInUse),
            (CabinetError::EmailInUse("a".into()), Code::EmailInUse),
            (CabinetError::TooMany(1), Code::LimitTooLarge),
            (CabinetError::Oneself, Code::InvalidTransition),
            (CabinetError::Already, Code::InvalidTransition),
            (CabinetError::Stale, Code::Stale),
            (CabinetError::Cleaned, Code::Cleaned),
            (CabinetError::OnlyClientPays, Code::OnlyClientPays),
            (CabinetError::BadAmount, Code::Validation),
            (CabinetError::AccountNotAvailable, Code::InvalidTransition),
            (CabinetError::Method(AvailabilityError::NotFound), Code::Validation),
            (
                CabinetError::Method(AvailabilityError::NotAvailable(billing::availability::Thing::PaymentMethod)),
                Code::PaymentMethodNotAvailable,
            ),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
