//! What a statement is once it was read.
//!
//! Owns: the fields of a line, of its two parties, of a statement.
//! Does not own: how they are written in a file (`exchange`, `table`).
//! Always: an amount is above zero and has two decimals; the side that is ours has the account of the statement.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::encoding::Charset;
use super::faults::Problem;
use super::identity::Identity;

/// Where the money of a line goes, seen from the account of the statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// It comes.
    In,
    /// It goes.
    Out,
}

impl Direction {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// What a file was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// The exchange format, in this encoding.
    Exchange(Charset),
    /// A table with titles.
    Table,
}

/// Who pays, or is paid. What the file does not say is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Party {
    /// Name, without an INN before it.
    pub name: String,
    /// INN as it stands; its check digits are not looked at.
    pub inn: String,
    /// KPP.
    pub kpp: String,
    /// Account at the bank.
    pub account: String,
    /// BIC of the bank.
    pub bic: String,
    /// Name of the bank.
    pub bank: String,
}

/// A payment of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The row of the file on which it begins, from 1.
    pub row: u32,
    /// Whether the money came or went.
    pub direction: Direction,
    /// What document it is: «Платежное поручение».
    pub kind: String,
    /// Number of the document.
    pub number: String,
    /// Date of the document.
    pub date: NaiveDate,
    /// The day on which the money moved: «ДатаПоступило» of what came, «ДатаСписано» of what went.
    pub value_date: Option<NaiveDate>,
    /// How much.
    pub amount: Decimal,
    /// Who pays.
    pub payer: Party,
    /// Who is paid.
    pub payee: Party,
    /// What for, as the payer wrote it.
    pub purpose: String,
    /// Unique number of a charge of the state (УИН), as it stands.
    pub uin: String,
    /// Code of budget classification (КБК), as it stands.
    pub kbk: String,
    /// What the bank knows it by, where it says so.
    pub external_id: String,
    /// What it is known by when it comes again.
    pub identity: Identity,
}

impl Line {
    /// The day on which the account moved, as far as the file says it.
    pub fn day(&self) -> NaiveDate {
        self.value_date.unwrap_or(self.date)
    }

    /// The side that is not ours.
    pub fn counterparty(&self) -> &Party {
        match self.direction {
            Direction::In => &self.payer,
            Direction::Out => &self.payee,
        }
    }
}

/// What a bank says of one account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The account: 20 digits.
    pub account: String,
    /// BIC of its bank, where a line names it.
    pub bic: Option<String>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The day on which the bank made it, where the file says it.
    pub made_on: Option<NaiveDate>,
    /// Balance before the first day.
    pub opening: Option<Decimal>,
    /// Balance after the last day.
    pub closing: Option<Decimal>,
    /// Payments, in the order of the file.
    pub lines: Vec<Line>,
    /// What does not add up, for a person to look at.
    pub problems: Vec<Problem>,
}

impl Statement {
    /// The code of the currency inside the account: `810` and `643` are roubles.
    pub fn currency_digits(&self) -> &str {
        self.account.get(5..8).unwrap_or_default()
    }

    /// What came, or went, in all.
    pub fn turnover(&self, direction: Direction) -> Decimal {
        self.lines.iter().filter(|line| line.direction == direction).map(|line| line.amount).sum()
    }
}

/// A file: a statement for each account that it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementFile {
    /// What it was.
    pub format: Format,
    /// Statements, in the order in which the file names their accounts.
    pub statements: Vec<Statement>,
}
