//! Endpoints of accounts.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: accounts (`billing::accounts`), their calls (`crate::calls`), their fees (`billing::fees`), their months (`billing::invoicing`).
//! Always: an account is named by its code; no change without a reason.

pub(crate) mod bundles;
pub(crate) mod calls;
pub(crate) mod close;
pub(crate) mod contact_add;
pub(crate) mod contact_end;
pub(crate) mod contact_list;
pub(crate) mod discounts;
pub(crate) mod fees;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod invoice;
pub(crate) mod open;
pub(crate) mod plan_list;
pub(crate) mod recordings;
pub(crate) mod reopen;
pub(crate) mod set_credit_limit;
pub(crate) mod set_plan;
pub(crate) mod summary;
pub(crate) mod traffic;
pub(crate) mod update;

use billing::accounts::{Account, AccountError, CreditFault, CreditPolicy, PaymentMode, WantedPlan, by_code};
use billing::holds::UnderWay;
use billing::settings::Settings;
use billing::staff::Permission;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::call_context::{CallContext, forbidden};
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::routes::terms::not_selectable;
use crate::state::AppState;

/// The account with this code.
async fn existing(state: &AppState, code: &str) -> Result<Account, Problem> {
    let code = inputs::word("/code", code)?;
    by_code(&state.store, code, state.clock.now()).await?.ok_or_else(|| Problem::no_account(code))
}

/// A payment mode, where one is named.
fn payment_mode(text: Option<&str>) -> Result<Option<PaymentMode>, Problem> {
    let words = PaymentMode::ALL.iter().map(|mode| mode.as_str());
    given(text).map(|text| inputs::one_of("/payment_mode", text, words)).transpose()
}

/// A credit policy, where one is named.
fn credit_policy(text: Option<&str>) -> Result<Option<CreditPolicy>, Problem> {
    let words = CreditPolicy::ALL.iter().map(|policy| policy.as_str());
    given(text).map(|text| inputs::one_of("/credit_policy", text, words)).transpose()
}

/// A credit limit, where one is named.
fn credit_limit(text: Option<&str>) -> Result<Option<Decimal>, Problem> {
    given(text).map(|text| inputs::amount("/credit_limit", text)).transpose()
}

/// Days of a deferral; more than can be kept are refused by the room.
fn deferral_days(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}

/// A moment, or a day of the billing zone, where one is named.
fn moment(pointer: &str, text: Option<&str>, settings: &Settings) -> Result<Option<DateTime<Utc>>, Problem> {
    let zone = settings.zone("billing.zone")?;
    given(text).map(|text| inputs::moment(pointer, text, zone, false)).transpose()
}

/// A wanted plan, where one is named.
fn wanted_plan(plan: Option<&str>, from: Option<&str>, settings: &Settings) -> Result<Option<WantedPlan>, Problem> {
    let from = moment("/from", from, settings)?;
    let plan = given(plan).map(|plan| inputs::word("/plan", plan)).transpose()?;
    Ok(plan.map(|plan| WantedPlan { plan: plan.to_owned(), from }))
}

/// Who gives credit has the right to it, whichever endpoint gives it.
fn may_give_credit(context: &CallContext, asked: bool) -> Result<(), Problem> {
    if asked && !context.staff.may(Permission::AccountCredit) {
        return Err(forbidden(Permission::AccountCredit));
    }
    Ok(())
}

fn no(pointer: &str, ru: &str, en: &str, code: &str) -> Problem {
    Problem::field(pointer, Text::new(format!("{ru} {code} нет"), format!("There is no {en} {code}")))
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NotFound => Self::new(Code::NotFound),
            AccountError::NoClient(code) => no("/client", "Клиента", "client", &code),
            AccountError::NoEntity(code) => no("/legal_entity", "Организации", "legal entity", &code),
            AccountError::NoPlan(code) => no("/plan", "Тарифного плана", "tariff plan", &code),
            AccountError::EntityClosed(code) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Организация {code} закрыта"),
                format!("The legal entity {code} is closed"),
            )),
            AccountError::NotConnected(code) => Self::new(Code::NotConnected).because(Text::new(
                format!("Сначала подключите клиента к организации {code}"),
                format!("Connect the client to the legal entity {code} first"),
            )),
            AccountError::AccountActive(code) => Self::new(Code::AlreadyExists).because(Text::new(
                format!("У клиента в этой организации уже есть активный счёт {code}"),
                format!("The client has the active account {code} at this legal entity already"),
            )),
            AccountError::CodeInUse(code) => Self::new(Code::AlreadyExists)
                .at("/code", Text::new(format!("Занято: {code}"), format!("Taken: {code}"))),
            AccountError::NoFreeCode => Self::new(Code::AlreadyExists).at(
                "/code",
                Text::fixed("Свободный номер не подобран, укажите его", "No free code was found, give one"),
            ),
            AccountError::Currency(code) => not_selectable("/currency", &code),
            AccountError::OtherCurrency(code) => Self::field(
                "/currency",
                Text::new(
                    format!("Организация ведёт счета в валюте {code}"),
                    format!("The legal entity keeps its accounts in {code}"),
                ),
            ),
            AccountError::BadLimit => bad_limit("/limit"),
            AccountError::PlanNotAvailable(plan) => Self::new(Code::TariffNotAvailable).at(
                "/plan",
                Text::new(
                    format!("Тариф {plan} доступен только группам, в которых клиент не состоит"),
                    format!("The tariff plan {plan} is kept for groups that the client is not in"),
                ),
            ),
            AccountError::Credit(fault) => Self::new(Code::CreditPolicyConflict).because(credit_text(fault)),
            AccountError::BadDays => Self::field(
                "/deferral_days",
                Text::fixed("Отсрочка от 0 до 3650 дней", "A deferral is 0 to 3650 days"),
            ),
            AccountError::Refused(refused) => refused.into(),
            AccountError::Ledger(error) => error.into(),
            AccountError::ApprovalNeeded(most) => Self::new(Code::ApprovalNeeded).because(Text::new(
                format!(
                    "Лимит выше {most} согласует руководитель: POST /v1/approvals с kind account.credit_limit, кодом счёта в entity_id и payload {{\"limit\": ..}}"
                ),
                format!(
                    "A head approves a limit above {most}: POST /v1/approvals with kind account.credit_limit, the code of the account as entity_id and payload {{\"limit\": ..}}"
                ),
            )),
            AccountError::FloorNeeded => Self::new(Code::ApprovalNeeded).because(Text::fixed(
                "Оплата по факту ничем не ограничена: укажите кредитную политику и лимит или измените настройку approval.credit_limit_above",
                "Payment by fact has no limit: give a credit policy with a limit, or change the setting approval.credit_limit_above",
            )),
            AccountError::NoResponsible(login) => Self::field(
                "/responsible",
                Text::new(
                    format!("Сотрудника {login} нет или он заблокирован"),
                    format!("There is no user {login}, or he is blocked"),
                ),
            ),
            AccountError::NoExchange { list, currency } => Self::field(
                "/plan",
                Text::new(
                    format!(
                        "Прайс-лист {list} плана в валюте {currency}, и курса в валюту счёта нет: сначала введите курс"
                    ),
                    format!(
                        "Price list {list} of the plan is in {currency}, and no exchange rate turns it into the account's currency: enter one first"
                    ),
                ),
            ),
            AccountError::PlanPast => forbidden(Permission::AccountPlanPast),
            AccountError::PeriodClosed(month) => {
                let month = month.format("%Y-%m");
                Self::new(Code::PeriodClosed).because(Text::new(
                    format!("Месяц {month} закрыт: укажите день после него"),
                    format!("The month {month} is closed: give a day after it"),
                ))
            }
            AccountError::SamePlan => Self::new(Code::AlreadyExists)
                .because(Text::fixed("С этого момента план уже такой", "It is the plan from then on already")),
            AccountError::HasUsage => Self::new(Code::HasHistory).at(
                "/zone",
                Text::fixed("Начисления уже есть: часовой пояс не меняется", "There is usage already: the zone stays"),
            ),
            AccountError::BalanceNotZero(balance) => Self::new(Code::BalanceNotZero)
                .because(Text::new(format!("Баланс: {balance}"), format!("The balance is {balance}"))),
            AccountError::HasActiveServices(services) => has_services(services),
            AccountError::CallsUnderWay(calls) => calls_under_way(&calls),
            AccountError::Closed => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Лицевой счёт закрыт", "The account is closed"))
            }
            AccountError::Active => Self::new(Code::InvalidTransition)
                .because(Text::fixed("Лицевой счёт не закрыт", "The account is not closed")),
            AccountError::Cleaned => Self::new(Code::Cleaned),
            AccountError::Stale => Self::new(Code::Stale),
            AccountError::Store(error) => error.into(),
        }
    }
}

fn bad_limit(pointer: &str) -> Problem {
    let expected = Text::fixed(
        "Лимит от 0 до 999999999.99, не больше двух знаков после точки",
        "A limit is 0 to 999999999.99 with at most two decimals",
    );
    Problem::field(pointer, expected)
}

/// The problem of a request in which the limit is one of many fields.
fn among_terms(error: AccountError) -> Problem {
    match error {
        AccountError::BadLimit => bad_limit("/credit_limit"),
        other => other.into(),
    }
}

/// Services in work stand against it.
pub(crate) fn has_services(services: i64) -> Problem {
    Problem::new(Code::HasActiveServices).because(Text::new(
        format!("Сначала отключите услуги; сейчас их {services}"),
        format!("End the services first; there are {services}"),
    ))
}

/// Calls stand against it, by name, with what to do.
fn calls_under_way(under_way: &UnderWay) -> Problem {
    let UnderWay { total, calls } = under_way;
    let calls = calls.join(", ");
    Problem::new(Code::CallsUnderWay).because(Text::new(
        format!(
            "Звонков идёт или ждёт записи: {total}. Это {calls}. Завершите идущие (POST /v1/open-calls/{{id}}/end) и повторите, когда придут их записи"
        ),
        format!(
            "Calls that go on or wait for their record: {total}. They are {calls}. End those that go on (POST /v1/open-calls/{{id}}/end), and try again when their records are there"
        ),
    ))
}

fn credit_text(fault: CreditFault) -> Text {
    match fault {
        CreditFault::MonthlyIsPostpaid => {
            Text::fixed("Помесячный кредит бывает только при постоплате", "Monthly credit is for postpaid accounts")
        }
        CreditFault::DaysArePrepaid => {
            Text::fixed("Кредит по дням бывает только при предоплате", "Credit by days is for prepaid accounts")
        }
        CreditFault::NoLimit => Text::fixed(
            "У счёта без кредитной политики лимита нет",
            "An account with credit policy `none` has no limit",
        ),
        CreditFault::NoDeferral => {
            Text::fixed("Отсрочка бывает только при кредите по дням", "A deferral is for credit by days")
        }
        CreditFault::BlockBeforeOverdue => Text::fixed(
            "Блокировка наступает не раньше просрочки: сначала укажите отсрочку, затем не меньший срок блокировки",
            "A block does not come before an invoice is overdue: give the deferral, and no fewer days until the block",
        ),
        CreditFault::NothingToTopUp => Text::fixed(
            "Кредит сразу даётся только при переходе на помесячный кредит",
            "Credit is given at once with a switch to monthly credit alone",
        ),
    }
}

#[cfg(test)]
mod tests {
    use billing::credit::{Cause, Refused};
    use billing::ledger::LedgerError;

    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let word = || "x".to_owned();
        for (error, code) in [
            (AccountError::NotFound, Code::NotFound),
            (AccountError::NoClient(word()), Code::Validation),
            (AccountError::NoEntity(word()), Code::Validation),
            (AccountError::NoPlan(word()), Code::Validation),
            (AccountError::EntityClosed(word()), Code::InvalidTransition),
            (AccountError::NotConnected(word()), Code::NotConnected),
            (AccountError::AccountActive(word()), Code::AlreadyExists),
            (AccountError::CodeInUse(word()), Code::AlreadyExists),
            (AccountError::NoFreeCode, Code::AlreadyExists),
            (AccountError::Currency(word()), Code::Validation),
            (AccountError::OtherCurrency(word()), Code::Validation),
            (AccountError::BadLimit, Code::Validation),
            (AccountError::Credit(CreditFault::NoLimit), Code::CreditPolicyConflict),
            (AccountError::BadDays, Code::Validation),
            (AccountError::Refused(Refused::BlockedOverdue), Code::BlockedOverdue),
            (AccountError::Refused(Refused::AccountBlocked(Cause::CreditClosed)), Code::AccountBlocked),
            (AccountError::Refused(Refused::CreditLimit), Code::CreditLimit),
            (AccountError::Refused(Refused::InsufficientFunds), Code::InsufficientFunds),
            (AccountError::Ledger(LedgerError::NoPosting), Code::NotFound),
            (
                AccountError::Ledger(LedgerError::Reserved { reserved: Decimal::ONE, left: Decimal::ZERO }),
                Code::MoneyReserved,
            ),
            (AccountError::ApprovalNeeded(Decimal::ONE), Code::ApprovalNeeded),
            (AccountError::FloorNeeded, Code::ApprovalNeeded),
            (AccountError::PlanNotAvailable(word()), Code::TariffNotAvailable),
            (AccountError::NoResponsible(word()), Code::Validation),
            (AccountError::NoExchange { list: word(), currency: word() }, Code::Validation),
            (AccountError::PlanPast, Code::Forbidden),
            (AccountError::PeriodClosed(chrono::NaiveDate::MIN), Code::PeriodClosed),
            (AccountError::SamePlan, Code::AlreadyExists),
            (AccountError::HasUsage, Code::HasHistory),
            (AccountError::BalanceNotZero(Decimal::ONE), Code::BalanceNotZero),
            (AccountError::HasActiveServices(1), Code::HasActiveServices),
            (AccountError::CallsUnderWay(UnderWay { total: 1, calls: vec![word()] }), Code::CallsUnderWay),
            (AccountError::Closed, Code::InvalidTransition),
            (AccountError::Active, Code::InvalidTransition),
            (AccountError::Cleaned, Code::Cleaned),
            (AccountError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
