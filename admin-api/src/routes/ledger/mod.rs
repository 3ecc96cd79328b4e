//! Endpoints of what staff book by hand.
//!
//! Owns: the list of them, what a request to book says, and what the ledger's refusals are to whoever asks.
//! Does not own: the books (`billing::ledger`), reversals, which are asked for as approvals (`posting.reverse`).
//! Always: no booking without a reason; what is refused books nothing.

pub(crate) mod charge_enter;
pub(crate) mod topup_enter;
pub(crate) mod withdrawal_enter;

use billing::ledger::{LedgerError, Manual, PostingKind};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::{Code, Problem};

/// Longest description of a posting.
const DESCRIPTION_CHARS_MAX: usize = 500;

/// What a booking answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Booked {
    /// Identifier of the posting; `GET /v1/postings?id=` shows it.
    pub(crate) posting: i64,
}

/// A sum for an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedSum {
    /// The sum: a decimal as a string, at most two decimals, not zero.
    amount: String,
    /// Currency that it is meant in; when given it has to be that of the account.
    currency: Option<String>,
    /// The day that it counts for, `YYYY-MM-DD`, in no closed month and not after today; today when absent.
    day: Option<String>,
    /// In words, as the client may read them.
    description: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// A sum, understood.
struct Sum {
    amount: Decimal,
    currency: Option<String>,
    day: Option<NaiveDate>,
    description: String,
    reason: String,
}

impl WantedSum {
    fn read(&self) -> Result<Sum, Problem> {
        Sum::read(
            &self.amount,
            [self.currency.as_deref(), self.day.as_deref(), self.description.as_deref(), self.reason.as_deref()],
        )
    }
}

impl Sum {
    /// A sum as it was written, with currency, day, description and reason.
    fn read(amount: &str, [currency, day, description, reason]: [Option<&str>; 4]) -> Result<Self, Problem> {
        let amount = inputs::amount("/amount", amount)?;
        if amount.is_zero() {
            return Err(Problem::field("/amount", Text::fixed("Сумма не может быть нулевой", "The sum is not zero")));
        }
        let currency = given(currency).map(|text| inputs::currency("/currency", text)).transpose()?;
        Ok(Self {
            amount,
            currency: currency.map(|currency| currency.as_str().to_owned()),
            day: given(day).map(|text| inputs::day("/day", text)).transpose()?,
            description: inputs::party::text("/description", description.unwrap_or_default(), DESCRIPTION_CHARS_MAX)?,
            reason: inputs::reason(reason)?.to_owned(),
        })
    }
}

impl Sum {
    /// The same for an account.
    fn of<'a>(&'a self, account: &'a str) -> Manual<'a> {
        Manual {
            account,
            currency: self.currency.as_deref(),
            day: self.day,
            description: &self.description,
            reason: &self.reason,
        }
    }

    /// The sum, if it is more than nothing.
    fn positive(&self) -> Result<Decimal, Problem> {
        if self.amount > Decimal::ZERO {
            return Ok(self.amount);
        }
        Err(Problem::field("/amount", Text::fixed("Ожидается положительная сумма", "A positive sum is expected")))
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoAccount | LedgerError::NoPosting => Self::new(Code::NotFound),
            LedgerError::AccountClosed(code) => Self::new(Code::AccountClosed).because(Text::new(
                format!("Лицевой счёт {code} закрыт: откройте его снова или выберите другой"),
                format!("Account {code} is closed: reopen it, or choose another one"),
            )),
            LedgerError::PeriodClosed(month) => {
                let month = month.format("%Y-%m");
                Self::new(Code::PeriodClosed).at(
                    "/day",
                    Text::new(
                        format!("Месяц {month} закрыт: укажите день открытого месяца"),
                        format!("The month {month} is closed: choose a day of an open one"),
                    ),
                )
            }
            LedgerError::DayAhead(_) => {
                Self::field("/day", Text::fixed("День ещё не наступил", "The day is not there yet"))
            }
            LedgerError::Decimals(_) => Self::new(Code::TooManyDecimals).at(
                "/amount",
                Text::fixed("У суммы не больше двух знаков после запятой", "A sum has at most two decimals"),
            ),
            LedgerError::TooLarge => {
                Self::field("/amount", Text::fixed("Сумма не больше 999999999.99", "A sum is 999999999.99 at most"))
            }
            LedgerError::ForeignCurrency(currency) => Self::new(Code::ForeignCurrency).at(
                "/currency",
                Text::new(format!("Валюта счёта: {currency}"), format!("The currency of the account is {currency}")),
            ),
            LedgerError::NoProduct(code) => Self::field(
                "/product",
                Text::new(format!("Продукт {code} не продаётся"), format!("Product {code} is not sold")),
            ),
            LedgerError::NotReversible(kind) => Self::new(Code::InvalidTransition).because(not_reversible(kind)),
            LedgerError::AlreadyReversed => Self::new(Code::AlreadyExists)
                .because(Text::fixed("Движение уже сторнировано", "The posting was taken back already")),
            LedgerError::BeyondOwn(own) => Self::new(Code::InsufficientFunds).at(
                "/amount",
                Text::new(
                    format!("Собственных средств на счёте {own}: остальное дано в кредит"),
                    format!("The account has {own} of its own: the rest is credit"),
                ),
            ),
            LedgerError::Reserved { reserved, left } => Self::new(Code::MoneyReserved).at(
                "/amount",
                Text::new(
                    format!("Идущие звонки удержали {reserved}, сейчас можно взять {left}: повторите, когда звонки закончатся (GET /v1/open-calls?account=..)"),
                    format!("Calls under way have reserved {reserved}, which leaves {left}: try again when they are over (GET /v1/open-calls?account=..)"),
                ),
            ),
            LedgerError::OtherMovement(_) => {
                tracing::error!("{error}");
                Self::new(Code::Internal)
            }
            LedgerError::Store(error) => error.into(),
        }
    }
}

fn not_reversible(kind: PostingKind) -> Text {
    match kind {
        PostingKind::Payment | PostingKind::Refund => Text::fixed(
            "Платёж возвращают или исправляют в разделе платежей",
            "A payment is refunded or corrected among payments",
        ),
        _ => Text::new(
            format!("Движение вида {kind} не сторнируют"),
            format!("A posting of kind {kind} is not taken back by a reversal"),
        ),
    }
}
