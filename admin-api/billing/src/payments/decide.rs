//! Whose payments are: the rules asked for many payments at once, and what they say against the accounts that they find.
//!
//! Owns: what becomes of a decision: booked, or kept with its reason and candidates.
//! Does not own: the rules (`matching`), the facts (`facts`).
//! Always: reads only; a closed account and one of another currency get nothing by themselves: the payment waits.

use rating::wording::Language::{English, Russian};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::booking::Matched;
use super::facts::{self, Known};
use super::matching::{self, Incoming, Match};
use super::purpose::{self, Named};
use super::words::{Choice, Item};
use super::writing::CodeForm;
use crate::settings;
use crate::store::StoreError;

/// Payments whose facts are read at once.
const PORTION: usize = 100;

/// What becomes of a payment.
#[derive(Clone, Debug)]
pub(super) enum Decision {
    /// It goes to this account.
    Book {
        /// Account: identifier and code.
        account: (i64, String),
        /// What it pays first.
        items: Vec<Item>,
        /// Why.
        matched: Matched,
    },
    /// Somebody has to look.
    Wait(Wait),
}

/// Why somebody has to look.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Wait {
    /// In a word.
    pub(super) doubt: String,
    /// In words, Russian.
    pub(super) ru: String,
    /// In words, English.
    pub(super) en: String,
    /// Accounts that may be meant.
    pub(super) candidates: Vec<(i64, String)>,
}

impl Wait {
    /// Identifiers of the candidates.
    pub(super) fn ids(&self) -> Vec<i64> {
        self.candidates.iter().map(|(id, _)| *id).collect()
    }

    /// The account is found, and is closed.
    pub(super) fn closed(account: (i64, String)) -> Self {
        let code = &account.1;
        Self {
            doubt: "account_closed".into(),
            ru: format!("Лицевой счёт {code} закрыт: откройте его снова, выберите другой или верните деньги"),
            en: format!("Account {code} is closed: reopen it, choose another one, or return the money"),
            candidates: vec![account],
        }
    }

    /// The account is found, and is in another currency.
    pub(super) fn foreign(account: (i64, String), own: &str, came: &str) -> Self {
        let code = &account.1;
        Self {
            doubt: "foreign_currency".into(),
            ru: format!(
                "Валюта лицевого счёта {code} — {own}, а пришли {came}: выберите другой счёт или верните деньги"
            ),
            en: format!(
                "The currency of account {code} is {own}, and {came} came: choose another one, or return the money"
            ),
            candidates: vec![account],
        }
    }
}

impl Choice {
    /// What a decision pays first.
    pub(super) fn of_named(items: Vec<Item>) -> Self {
        if items.is_empty() { Self::OldestFirst } else { Self::Named(items) }
    }
}

/// Decides on payments that came to a legal entity in a currency, in their order.
pub(super) async fn decide(
    connection: &mut PgConnection,
    (entity, currency): (i32, &str),
    payments: &[Incoming],
) -> Result<Vec<Decision>, StoreError> {
    let tolerance = settings::value(&mut *connection, "match.tolerance").await?;
    let tolerance = settings::amount(&tolerance).unwrap_or(Decimal::ZERO);
    let form = settings::value(&mut *connection, "account.code_format").await?;
    let form = CodeForm::parse(&form);
    let is_code = |word: &str| form.as_ref().is_some_and(|form| form.fits(word));
    let mut decisions = Vec::with_capacity(payments.len());
    for portion in payments.chunks(PORTION) {
        let named: Vec<Named> = portion.iter().map(|payment| purpose::read(&payment.purpose, &is_code)).collect();
        let both: Vec<(&Incoming, &Named)> = portion.iter().zip(&named).collect();
        let known = facts::read(&mut *connection, entity, &both).await?;
        let decided = both.iter().map(|(payment, named)| matching::decide(payment, named, &known.facts, tolerance));
        decisions.extend(decided.map(|found| taken(&found, &known, currency)));
    }
    Ok(decisions)
}

/// What becomes of what the rules say.
fn taken(found: &Match, known: &Known, currency: &str) -> Decision {
    let reference = |account: &matching::AccountRef| (account.id, account.code.clone());
    let wait = |doubt: &str, accounts: &[matching::AccountRef]| {
        Decision::Wait(Wait {
            doubt: doubt.to_owned(),
            ru: found.text(Russian),
            en: found.text(English),
            candidates: accounts.iter().map(reference).collect(),
        })
    };
    match found {
        Match::One { account, invoices, by } => {
            let is_active = known.facts.accounts.iter().any(|known| known.id == account.id && known.active);
            if !is_active {
                return Decision::Wait(Wait::closed(reference(account)));
            }
            match known.currencies.get(&account.id) {
                Some(own) if own != currency => Decision::Wait(Wait::foreign(reference(account), own, currency)),
                _ => Decision::Book {
                    account: reference(account),
                    items: invoices.iter().filter_map(|invoice| known.items.get(&invoice.id).cloned()).collect(),
                    matched: Matched { rule: by.rule.as_str(), ru: found.text(Russian), en: found.text(English) },
                },
            }
        }
        Match::Several { accounts, why } => wait(why.as_str(), accounts),
        Match::None { why } => wait(why.as_str(), &[]),
    }
}
