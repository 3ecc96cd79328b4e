//! Endpoints of legal entities: our own companies.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: legal entities (`billing::entities`), which client is connected to one (`clients::entity_connect`).
//! Always: no change without a reason; all that is wrong with the numbers of the registry is said at once.

pub(crate) mod close;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod update;

use billing::entities::{BankAccount, BankFault, Entity, EntityError, TaxRegime};
use billing::parties::Kind;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::routes::{accounts, clients, terms};

/// Most bank accounts of a legal entity.
const BANKS_MAX: usize = 50;

/// A bank account.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntityBank {
    /// Name of the bank.
    bank: String,
    /// BIC, nine digits.
    bic: String,
    /// Account, twenty digits.
    account: String,
    /// The bank's own account at the central bank, twenty digits.
    #[serde(default)]
    correspondent: Option<String>,
}

impl From<BankAccount> for EntityBank {
    fn from(account: BankAccount) -> Self {
        let BankAccount { bank, bic, account, correspondent } = account;
        Self { bank, bic, account, correspondent }
    }
}

/// The bank accounts that a request names; their digits are checked behind it.
fn banks(asked: &[EntityBank]) -> Result<Vec<BankAccount>, Problem> {
    if asked.len() > BANKS_MAX {
        let detail = Text::new(format!("Не больше {BANKS_MAX}"), format!("At most {BANKS_MAX}"));
        return Err(Problem::new(Code::LimitTooLarge).at("/banks", detail));
    }
    let digits = |text: &str| text.replace(' ', "");
    let read = |(at, asked): (usize, &EntityBank)| -> Result<BankAccount, Problem> {
        Ok(BankAccount {
            bank: inputs::party::name(&format!("/banks/{at}/bank"), &asked.bank)?,
            bic: digits(&asked.bic),
            account: digits(&asked.account),
            correspondent: given(asked.correspondent.as_deref()).map(digits),
        })
    };
    asked.iter().enumerate().map(read).collect()
}

/// A company or a sole proprietor.
fn kind(text: &str) -> Result<Kind, Problem> {
    let kind = text.parse::<Kind>().ok().filter(|kind| *kind != Kind::Natural);
    let expected =
        Text::fixed("Ожидается одно из: legal, sole_proprietor", "One of these is expected: legal, sole_proprietor");
    kind.ok_or_else(|| Problem::field("/kind", expected))
}

/// A tax regime.
fn tax_regime(text: &str) -> Result<TaxRegime, Problem> {
    inputs::one_of("/tax_regime", text, TaxRegime::ALL.iter().map(|regime| regime.as_str()))
}

/// A number of the registry, without blanks.
fn registered(text: &str) -> String {
    text.replace(' ', "")
}

/// A legal entity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntityView {
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// `legal` or `sole_proprietor`.
    kind: String,
    /// INN.
    inn: Option<String>,
    /// KPP.
    kpp: Option<String>,
    /// OGRN or OGRNIP.
    ogrn: Option<String>,
    /// Address.
    address: String,
    /// E-mail.
    email: Option<String>,
    /// Phone, as it was written.
    phone: Option<String>,
    /// Bank accounts; documents name the first.
    banks: Vec<EntityBank>,
    /// Currency of the accounts that are opened from now on.
    currency: String,
    /// Zone of its days.
    zone: String,
    /// `general`, `simplified` or `exempt`.
    tax_regime: String,
    /// Code in the accounting program.
    external_code: Option<String>,
    /// When it was entered.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// When it was closed.
    closed_at: Option<DateTime<Utc>>,
    /// Raised with every change; the ETag.
    revision: i64,
}

impl From<Entity> for EntityView {
    fn from(entity: Entity) -> Self {
        Self {
            code: entity.code,
            name: entity.name,
            kind: entity.kind,
            inn: entity.inn,
            kpp: entity.kpp,
            ogrn: entity.ogrn,
            address: entity.address,
            email: entity.email,
            phone: entity.phone,
            banks: entity.banks.into_iter().map(EntityBank::from).collect(),
            currency: entity.currency,
            zone: entity.zone,
            tax_regime: entity.tax_regime,
            external_code: entity.external_code,
            created_at: entity.created_at,
            created_by: entity.created_by,
            closed_at: entity.closed_at,
            revision: entity.revision,
        }
    }
}

/// There is no such legal entity.
fn no_entity(code: &str) -> Problem {
    let shown: String = code.chars().filter(|letter| !letter.is_control()).take(100).collect();
    Problem::new(Code::NotFound)
        .because(Text::new(format!("Организации {shown} нет"), format!("There is no legal entity {shown}")))
}

impl From<EntityError> for Problem {
    fn from(error: EntityError) -> Self {
        match error {
            EntityError::NotFound => Self::new(Code::NotFound),
            EntityError::NoClient(code) => clients::no_client(&code),
            EntityError::CodeInUse(code) => Self::new(Code::AlreadyExists)
                .at("/code", Text::new(format!("Занято: {code}"), format!("Taken: {code}"))),
            EntityError::Registry(faults) => faults.into_iter().fold(Self::new(Code::Validation), |problem, fault| {
                let (pointer, detail) = clients::fault_text(fault);
                problem.at(pointer.trim_start_matches("/party"), detail)
            }),
            EntityError::Bank(at, fault) => {
                let (field, detail) = bank_text(fault);
                Self::field(&format!("/banks/{at}/{field}"), detail)
            }
            EntityError::Currency(code) => terms::not_selectable("/currency", &code),
            EntityError::HasUsage => Self::new(Code::HasHistory).at(
                "/zone",
                Text::fixed("Начисления уже есть: часовой пояс не меняется", "There is usage already: the zone stays"),
            ),
            EntityError::HasActiveAccounts(code) => Self::new(Code::HasActiveAccounts).because(Text::new(
                format!("Сначала закройте лицевые счета, например {code}"),
                format!("Close the accounts first, {code} for instance"),
            )),
            EntityError::HasActiveServices(services) => accounts::has_services(services),
            EntityError::Closed => Self::new(Code::InvalidTransition)
                .because(Text::fixed("Организация закрыта", "The legal entity is closed")),
            EntityError::Cleaned => Self::new(Code::Cleaned),
            EntityError::Stale => Self::new(Code::Stale),
            EntityError::Store(error) => error.into(),
        }
    }
}

fn bank_text(fault: BankFault) -> (&'static str, Text) {
    match fault {
        BankFault::Bic => ("bic", Text::fixed("Ожидается БИК из 9 цифр", "A BIC of 9 digits is expected")),
        BankFault::Account => (
            "account",
            Text::fixed(
                "Ожидается счёт из 20 цифр с верным контрольным ключом для этого БИК",
                "An account of 20 digits is expected, with the check digit that fits this BIC",
            ),
        ),
        BankFault::Correspondent => (
            "correspondent",
            Text::fixed(
                "Ожидается корреспондентский счёт из 20 цифр с верным контрольным ключом для этого БИК",
                "A correspondent account of 20 digits is expected, with the check digit that fits this BIC",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn every_refusal_has_its_code() {
        let word = || "x".to_owned();
        for (error, code) in [
            (EntityError::NotFound, Code::NotFound),
            (EntityError::NoClient(word()), Code::NotFound),
            (EntityError::CodeInUse(word()), Code::AlreadyExists),
            (EntityError::Bank(0, BankFault::Bic), Code::Validation),
            (EntityError::Currency(word()), Code::Validation),
            (EntityError::HasUsage, Code::HasHistory),
            (EntityError::HasActiveAccounts(word()), Code::HasActiveAccounts),
            (EntityError::HasActiveServices(1), Code::HasActiveServices),
            (EntityError::Closed, Code::InvalidTransition),
            (EntityError::Cleaned, Code::Cleaned),
            (EntityError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }

    #[test]
    fn numbers_of_the_registry_are_blamed_by_their_fields() {
        use billing::parties::PartyFault::{Inn, Kpp, Ogrn};
        let problem = Problem::from(EntityError::Registry(vec![Inn, Kpp, Ogrn]));
        let body = serde_json::to_value(problem.body(Language::English, "r")).unwrap();
        let pointers: Vec<_> =
            body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["/inn", "/kpp", "/ogrn"]);
    }

    #[test]
    fn our_companies_are_no_persons() {
        assert!(kind("legal").is_ok() && kind("sole_proprietor").is_ok());
        assert!(kind("natural").is_err() && kind("").is_err());
    }
}
