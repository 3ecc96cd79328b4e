//! What a decision is made of, and what it is.
//!
//! Owns: the facts that are asked for, the rules by name, evidence, reasons and doubts.
//! Does not own: how they lead to each other (`matching`), their sentences (`wording`).
//! Always: pure.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::payments::statement::Line;

/// A payment that came in, as far as it tells whose it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Incoming {
    /// How much.
    pub amount: Decimal,
    /// Name of who pays.
    pub payer_name: String,
    /// His INN; empty = not said.
    pub payer_inn: String,
    /// His account.
    pub payer_account: String,
    /// What for.
    pub purpose: String,
}

impl From<&Line> for Incoming {
    fn from(line: &Line) -> Self {
        Self {
            amount: line.amount,
            payer_name: line.payer.name.clone(),
            payer_inn: line.payer.inn.clone(),
            payer_account: line.payer.account.clone(),
            purpose: line.purpose.clone(),
        }
    }
}

/// What the books say of what a payment names. There has to be in it: every account whose code has the [`key`](crate::payments::writing::key) of one that is named, every account of the
/// contracts and invoices in it, and all accounts, at whatever legal entity, of every client with one of the INNs that are named or the payer's; the contracts
/// and open invoices with the key of a number that is named, and all open invoices of those accounts. What else is there changes nothing but the time it takes.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The legal entity on whose bank account the money came.
    pub entity_id: i32,
    /// Its INN: a purpose that names it says nothing, and money that comes from it is no client's.
    pub own_inn: Option<String>,
    /// Accounts.
    pub accounts: Vec<AccountFact>,
    /// Contracts.
    pub contracts: Vec<ContractFact>,
    /// Invoices with something left to pay.
    pub invoices: Vec<InvoiceFact>,
}

/// An account.
#[derive(Clone, Debug)]
pub struct AccountFact {
    /// Id.
    pub id: i64,
    /// Code.
    pub code: String,
    /// Whose it is.
    pub client_id: i64,
    /// At which legal entity.
    pub entity_id: i32,
    /// INNs of the client and of his payers.
    pub inns: Vec<String>,
    /// Whether it is open.
    pub active: bool,
}

/// A contract.
#[derive(Clone, Debug)]
pub struct ContractFact {
    /// Number.
    pub number: String,
    /// When it was signed.
    pub signed_on: Option<NaiveDate>,
    /// Accounts that it covers.
    pub account_ids: Vec<i64>,
}

/// An invoice with something left to pay.
#[derive(Clone, Debug)]
pub struct InvoiceFact {
    /// Id.
    pub id: i64,
    /// Number.
    pub number: String,
    /// Its date.
    pub issued_on: NaiveDate,
    /// Account.
    pub account_id: i64,
    /// What is left to pay.
    pub rest: Decimal,
}

/// An account as a decision names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AccountRef {
    /// Id.
    pub id: i64,
    /// Code.
    pub code: String,
}

/// An invoice as a decision names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvoiceRef {
    /// Id.
    pub id: i64,
    /// Number.
    pub number: String,
}

/// The rule that decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// The code of the account is named.
    Account,
    /// An invoice is named.
    Invoice,
    /// A contract is named.
    Contract,
    /// The INN has one account.
    Inn,
    /// The INN has several, the sum is that of one invoice.
    InnAndSum,
}

impl Rule {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[Self::Account, Self::Invoice, Self::Contract, Self::Inn, Self::InnAndSum];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Invoice => "invoice",
            Self::Contract => "contract",
            Self::Inn => "inn",
            Self::InnAndSum => "inn_and_sum",
        }
    }
}

/// Something that says whose a payment is, with its numbers as the books have them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// Codes of accounts in the purpose.
    Account(String),
    /// Numbers of invoices in the purpose.
    Invoice(String),
    /// Numbers of contracts in the purpose.
    Contract(String),
    /// The INN of who pays.
    PayerInn(String),
    /// INNs of others in the purpose.
    ThirdPartyInn(String),
}

/// Why an account was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// The rule.
    pub rule: Rule,
    /// What it went by.
    pub evidence: Evidence,
    /// What left one account of several.
    pub narrowed_by: Vec<Evidence>,
}

/// Why a person has to look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Doubt {
    /// One thing speaks for one account, another for another.
    Contradiction(Evidence, Evidence),
    /// What is named is of another legal entity than the bank account.
    OtherEntity(Evidence),
    /// The purpose calls something an account that is none.
    UnknownAccount(String),
    /// More than one account is named.
    SeveralNamed(Evidence),
    /// The INN has several accounts, and the sum is that of no invoice.
    SeveralAccounts(Evidence),
    /// The INN has several accounts, and the sum is that of several invoices.
    SeveralInvoices(Evidence),
    /// The INN has closed accounts only.
    Closed(Evidence),
    /// The client with the INN has no account at this legal entity.
    NoAccountHere(Evidence),
    /// No client has this INN.
    UnknownInn(String),
    /// The purpose has an INN whose check digits do not fit.
    BrokenInn(String),
    /// Somebody pays for another without saying his INN.
    ThirdParty(String),
    /// A bank passes on somebody's money.
    ThroughBank,
    /// The legal entity moves money between its own accounts.
    OwnMoney,
    /// No INN, and nothing is named that is known.
    Nothing,
}

impl Doubt {
    /// Its name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Contradiction(..) => "contradiction",
            Self::OtherEntity(_) => "other_entity",
            Self::UnknownAccount(_) => "unknown_account",
            Self::SeveralNamed(_) => "several_named",
            Self::SeveralAccounts(_) => "several_accounts",
            Self::SeveralInvoices(_) => "several_invoices",
            Self::Closed(_) => "closed",
            Self::NoAccountHere(_) => "no_account_here",
            Self::UnknownInn(_) => "unknown_inn",
            Self::BrokenInn(_) => "broken_inn",
            Self::ThirdParty(_) => "third_party",
            Self::ThroughBank => "through_bank",
            Self::OwnMoney => "own_money",
            Self::Nothing => "nothing",
        }
    }
}

/// What a payment pays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Match {
    /// This account.
    One {
        /// Account.
        account: AccountRef,
        /// Open invoices of it that are named, in the order in which they are; empty = none is, and the oldest are paid first.
        invoices: Vec<InvoiceRef>,
        /// Why.
        by: Reason,
    },
    /// One of these, for a person to say which.
    Several {
        /// Accounts, by id.
        accounts: Vec<AccountRef>,
        /// Why none of them was taken.
        why: Doubt,
    },
    /// Nobody knows whose it is.
    None {
        /// Why.
        why: Doubt,
    },
}

impl InvoiceFact {
    /// As a decision names it.
    pub(super) fn reference(&self) -> InvoiceRef {
        InvoiceRef { id: self.id, number: self.number.clone() }
    }
}
