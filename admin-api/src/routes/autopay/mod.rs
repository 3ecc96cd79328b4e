//! Endpoints of automatic payment, as staff see it.
//!
//! Owns: the list of them, how automatic payment and cards are shown, what the room's refusals are to whoever asks.
//! Does not own: automatic payment (`billing::autopayments`), what clients do with it (`routes::cabinet`), the lists of it (its grids).
//! Always: staff switch it off and never on (B11); of a card no more than its mask.

pub(crate) mod get;
pub(crate) mod stop;

use billing::autopayments::{Autopay, AutopayChange, AutopayError, Card, Rule, Unfit};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// A card that a client has linked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkedCard {
    /// Identifier.
    id: i64,
    /// What of its number is shown: the first six digits at most, and the last four.
    mask: String,
    /// Last day on which it is good, if the gateway says so.
    expires: Option<NaiveDate>,
    /// When it was linked.
    linked_at: DateTime<Utc>,
    /// Whether it is linked still.
    linked: bool,
}

impl From<Card> for LinkedCard {
    fn from(card: Card) -> Self {
        let Card { id, mask, expires, linked_at, is_linked } = card;
        Self { id, mask, expires, linked_at, linked: is_linked }
    }
}

/// What automatic payment was from a moment on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AutopayChangeLine {
    /// From when on.
    at: DateTime<Utc>,
    /// By whom.
    author: String,
    /// Whether it was on.
    enabled: bool,
    /// Why it was off.
    off_reason: Option<String>,
    /// Threshold, a decimal.
    threshold: String,
    /// Amount, a decimal.
    amount: Option<String>,
    /// What the balance was brought up to, a decimal.
    up_to: Option<String>,
    /// Identifier of the card.
    card: i64,
}

impl From<AutopayChange> for AutopayChangeLine {
    fn from(change: AutopayChange) -> Self {
        let (amount, up_to) = parts(Some(change.rule));
        Self {
            at: change.at,
            author: change.author,
            enabled: change.enabled,
            off_reason: change.off_reason,
            threshold: shown(change.threshold),
            amount,
            up_to,
            card: change.card,
        }
    }
}

/// Automatic payment of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AutopayView {
    /// Code of the account.
    account: String,
    /// Its currency.
    currency: String,
    /// Whether it is on.
    enabled: bool,
    /// Why it is off: `client`, `staff`, `card_unlinked`, `insufficient_funds`, `lost`, `stolen`, `closed`, `do_not_retry`; `null` where it is on, or never was.
    off_reason: Option<String>,
    /// Where the balance comes down to this, the card is charged: a decimal.
    threshold: Option<String>,
    /// How much is taken, a decimal; or
    amount: Option<String>,
    /// what the balance is brought up to, a decimal.
    up_to: Option<String>,
    /// The card.
    card: Option<LinkedCard>,
    /// Nothing is tried before, by the limits of attempts.
    rests_until: Option<DateTime<Utc>>,
    /// When it was changed last.
    changed_at: Option<DateTime<Utc>>,
    /// By whom.
    changed_by: Option<String>,
    /// Raised with every change; 0 where there never was one.
    revision: i64,
    /// The last changes, the newest first.
    changes: Vec<AutopayChangeLine>,
}

impl AutopayView {
    fn of(autopay: Autopay, changes: Vec<AutopayChange>) -> Self {
        let (amount, up_to) = parts(autopay.rule);
        Self {
            account: autopay.account,
            currency: autopay.currency,
            enabled: autopay.enabled,
            off_reason: autopay.off_reason,
            threshold: autopay.threshold.map(shown),
            amount,
            up_to,
            card: autopay.card.map(LinkedCard::from),
            rests_until: autopay.rests_until,
            changed_at: autopay.changed_at,
            changed_by: autopay.changed_by,
            revision: autopay.revision,
            changes: changes.into_iter().map(AutopayChangeLine::from).collect(),
        }
    }
}

/// A decimal as it is shown.
pub(super) fn shown(amount: Decimal) -> String {
    amount.normalize().to_string()
}

/// Amount and goal of a rule, as they are shown.
pub(super) fn parts(rule: Option<Rule>) -> (Option<String>, Option<String>) {
    let (amount, up_to) = rule.map_or((None, None), Rule::parts);
    (amount.map(shown), up_to.map(shown))
}

impl From<AutopayError> for Problem {
    fn from(error: AutopayError) -> Self {
        match error {
            AutopayError::NotFound => Self::new(Code::NotFound),
            AutopayError::OnlyClientPays => Self::new(Code::OnlyClientPays),
            AutopayError::AccountNotAvailable => Self::new(Code::InvalidTransition).because(Text::fixed(
                "Счёт закрыт или ведётся в прежней валюте организации: платить на него нельзя",
                "The account is closed, or in a currency that its legal entity had before: nothing is paid to it",
            )),
            AutopayError::NoCard => {
                Self::field("/card", Text::fixed("Такой привязанной карты нет", "There is no such card that is linked"))
            }
            AutopayError::Unfit(unfit) => unfit_terms(unfit),
            AutopayError::OffAlready => Self::new(Code::InvalidTransition)
                .because(Text::fixed("Автоплатёж уже отключён", "Automatic payment is off already")),
            AutopayError::Stale => Self::new(Code::Stale),
            AutopayError::TooMany(most) => Self::new(Code::LimitTooLarge)
                .because(Text::new(format!("Не больше {most}"), format!("At most {most}"))),
            AutopayError::StrangeCard(what) => Self::field(
                &format!("/{what}"),
                Text::fixed(
                    "Такое о карте не хранится: номер карты должен быть скрыт",
                    "That of a card is not kept: its number has to be hidden",
                ),
            ),
            AutopayError::OfAnother => Self::new(Code::AlreadyExists)
                .because(Text::fixed("Карту привязал другой клиент", "Another client has linked the card")),
            AutopayError::Store(error) => error.into(),
        }
    }
}

fn unfit_terms(unfit: Unfit) -> Problem {
    match unfit {
        Unfit::Threshold => Problem::field(
            "/threshold",
            Text::fixed(
                "Ожидается сумма не больше 999999999.99 и не больше двух знаков после точки",
                "An amount of 999999999.99 at most is expected, with at most two decimals",
            ),
        ),
        Unfit::Amount => Problem::field(
            "/amount",
            Text::fixed(
                "Ожидается сумма больше 0, не больше двух знаков после точки",
                "An amount above 0 is expected, with at most two decimals",
            ),
        ),
        Unfit::AboveMost(most) => Problem::field(
            "/amount",
            Text::new(format!("Один автоплатёж не больше {most}"), format!("One automatic payment is {most} at most")),
        ),
        Unfit::UpTo => Problem::field(
            "/up_to",
            Text::fixed(
                "Ожидается сумма больше порога, не больше двух знаков после точки",
                "An amount above the threshold is expected, with at most two decimals",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (AutopayError::NotFound, Code::NotFound),
            (AutopayError::OnlyClientPays, Code::OnlyClientPays),
            (AutopayError::AccountNotAvailable, Code::InvalidTransition),
            (AutopayError::NoCard, Code::Validation),
            (AutopayError::Unfit(Unfit::Threshold), Code::Validation),
            (AutopayError::Unfit(Unfit::Amount), Code::Validation),
            (AutopayError::Unfit(Unfit::AboveMost(Decimal::ONE)), Code::Validation),
            (AutopayError::Unfit(Unfit::UpTo), Code::Validation),
            (AutopayError::OffAlready, Code::InvalidTransition),
            (AutopayError::Stale, Code::Stale),
            (AutopayError::TooMany(1), Code::LimitTooLarge),
            (AutopayError::StrangeCard("mask"), Code::Validation),
            (AutopayError::OfAnother, Code::AlreadyExists),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
