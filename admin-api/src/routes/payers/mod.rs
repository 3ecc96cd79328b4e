//! Endpoints of payers of clients.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: payers (`billing::payers`).
//! Always: no change without a reason; what is wrong with the numbers is told at once.

pub(crate) mod add;
pub(crate) mod close;
pub(crate) mod list;
pub(crate) mod make_default;
pub(crate) mod update;

use billing::parties::Kind;
use billing::payers::{Payer, PayerError, PayerFault, Requisites};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::routes::clients::fault_text;

/// Wanted requisites: all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPayer {
    /// `legal`, `sole_proprietor` or `natural`.
    kind: String,
    /// Name, as documents have it.
    name: String,
    /// INN: 10 digits of a legal entity, 12 of others.
    #[serde(default)]
    inn: Option<String>,
    /// KPP: of a legal entity with an INN.
    #[serde(default)]
    kpp: Option<String>,
    /// Address.
    #[serde(default)]
    address: Option<String>,
    /// Name of the bank.
    #[serde(default)]
    bank: Option<String>,
    /// BIK of the bank, nine digits; with it goes the settlement account.
    #[serde(default)]
    bik: Option<String>,
    /// Settlement account, 20 digits that fit the BIK.
    #[serde(default)]
    settlement_account: Option<String>,
    /// Correspondent account of the bank, 20 digits that fit the BIK.
    #[serde(default)]
    correspondent_account: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

impl WantedPayer {
    /// The requisites; whether their numbers fit, the room says.
    fn read(&self) -> Result<Requisites, Problem> {
        let kind: Kind = inputs::one_of("/kind", &self.kind, Kind::ALL.iter().map(|kind| kind.as_str()))?;
        let digits = |text: &Option<String>| given(text.as_deref()).map(|text| text.replace(' ', ""));
        let text = |pointer: &str, text: &Option<String>| {
            inputs::party::text(pointer, text.as_deref().unwrap_or_default(), 1_000)
        };
        Ok(Requisites {
            kind,
            name: inputs::party::name("/name", &self.name)?,
            inn: digits(&self.inn),
            kpp: digits(&self.kpp),
            address: text("/address", &self.address)?,
            bank: text("/bank", &self.bank)?,
            bik: digits(&self.bik),
            settlement_account: digits(&self.settlement_account),
            correspondent_account: digits(&self.correspondent_account),
        })
    }
}

/// A payer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayerView {
    /// Identifier.
    id: i64,
    /// `legal`, `sole_proprietor` or `natural`.
    kind: &'static str,
    /// Name, as documents have it.
    name: String,
    /// INN.
    inn: Option<String>,
    /// KPP.
    kpp: Option<String>,
    /// Address.
    address: String,
    /// Name of the bank.
    bank: String,
    /// BIK of the bank.
    bik: Option<String>,
    /// Settlement account.
    settlement_account: Option<String>,
    /// Correspondent account of the bank.
    correspondent_account: Option<String>,
    /// Whether documents name him when nobody says which.
    default: bool,
    /// When he was added.
    created_at: DateTime<Utc>,
    /// Raised with every change.
    revision: i64,
}

impl From<Payer> for PayerView {
    fn from(payer: Payer) -> Self {
        let Requisites { kind, name, inn, kpp, address, bank, bik, settlement_account, correspondent_account } =
            payer.requisites;
        Self {
            id: payer.id,
            kind: kind.as_str(),
            name,
            inn,
            kpp,
            address,
            bank,
            bik,
            settlement_account,
            correspondent_account,
            default: payer.is_default,
            created_at: payer.created_at,
            revision: payer.revision,
        }
    }
}

fn payer_fault(fault: PayerFault) -> (&'static str, Text) {
    match fault {
        PayerFault::Party(fault) => {
            let (pointer, detail) = fault_text(fault);
            (pointer.trim_start_matches("/party"), detail)
        }
        PayerFault::Bik => (
            "/bik",
            Text::fixed(
                "Ожидается БИК банка, 9 цифр; с ним указывается расчётный счёт, без него счетов нет",
                "The BIK of a bank is expected, nine digits; with it goes a settlement account, without it there are no accounts",
            ),
        ),
        PayerFault::SettlementAccount => (
            "/settlement_account",
            Text::fixed(
                "Ожидается расчётный счёт из 20 цифр, который подходит к БИК",
                "A settlement account of 20 digits is expected that fits the BIK",
            ),
        ),
        PayerFault::CorrespondentAccount => (
            "/correspondent_account",
            Text::fixed(
                "Ожидается корреспондентский счёт из 20 цифр, который подходит к БИК",
                "A correspondent account of 20 digits is expected that fits the BIK",
            ),
        ),
    }
}

impl From<PayerError> for Problem {
    fn from(error: PayerError) -> Self {
        match error {
            PayerError::NotFound => Self::new(Code::NotFound),
            PayerError::Exists => Self::new(Code::AlreadyExists).at(
                "/inn",
                Text::fixed(
                    "У клиента уже есть плательщик с этими ИНН и КПП",
                    "The client has a payer with this INN and KPP",
                ),
            ),
            PayerError::Unfit(faults) => faults.into_iter().fold(Self::new(Code::Validation), |problem, fault| {
                let (pointer, detail) = payer_fault(fault);
                problem.at(pointer, detail)
            }),
            PayerError::TooMany(most) => Self::new(Code::LimitTooLarge)
                .because(Text::new(format!("Не больше {most}"), format!("At most {most}"))),
            PayerError::Cleaned => Self::new(Code::Cleaned),
            PayerError::Stale => Self::new(Code::Stale),
            PayerError::Store(error) => error.into(),
        }
    }
}
