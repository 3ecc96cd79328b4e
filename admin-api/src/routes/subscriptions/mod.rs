//! Endpoints of products of accounts, and of subscribers.
//!
//! Owns: the list of them, how both are shown, which problem each refusal is.
//! Does not own: products, subscribers and reservations (`billing::subscriptions`), whose lists are its own.
//! Always: no change without a reason; a step that does not exist is `invalid_transition` and stays in the audit.

pub(crate) mod activate;
pub(crate) mod add;
pub(crate) mod attach;
pub(crate) mod callers;
pub(crate) mod close;
pub(crate) mod get;
pub(crate) mod of_account;
pub(crate) mod resume;
pub(crate) mod subscriber_activate;
pub(crate) mod subscriber_cancel;
pub(crate) mod subscriber_close;
pub(crate) mod subscriber_get;
pub(crate) mod subscriber_refused;
pub(crate) mod suspend;
pub(crate) mod update;

use billing::numbers::sale::NotForSale;
use billing::production_calendar::OutsideCalendar;
use billing::subscriptions::rules::{NotPlanned, NotReplaced};
use billing::subscriptions::{ClosedFor, InstanceCard, SubscriberCard, SubscriberStatus, SubscriptionError};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};

/// Most of a product that an account has.
const QUANTITY_MAX: i64 = 1_000_000;

/// A product of an account. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductOfAccountView {
    /// Identifier.
    id: i64,
    /// Code of the account.
    account: String,
    /// Code of its client.
    client: String,
    /// Code of the product.
    product: String,
    /// Its name.
    product_name: String,
    /// How many.
    quantity: i32,
    /// `new`, `in_work`, `suspended` or `closed`.
    status: &'static str,
    /// The day from which it is to work; `null`: as soon as it can.
    planned_activation: Option<NaiveDate>,
    /// When the client accepted the offer.
    offer_accepted_at: Option<DateTime<Utc>>,
    /// Since when it works.
    activated_at: Option<DateTime<Utc>>,
    /// When it is paid for next.
    next_payment_date: Option<NaiveDate>,
    /// When it ends or ended.
    ends_at: Option<DateTime<Utc>>,
    /// When it was connected.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// When it was closed.
    closed_at: Option<DateTime<Utc>>,
    /// Why.
    close_reason: Option<String>,
    /// Subscribers that are not closed.
    numbers: i64,
    /// Its subscribers with their history, the newest 100 first; `GET /v1/subscribers?product_of_account=` has all of them. Empty in the list of an account.
    subscribers: Vec<SubscriberView>,
    /// Raised with every change; the ETag.
    revision: i64,
}

impl From<InstanceCard> for ProductOfAccountView {
    fn from(card: InstanceCard) -> Self {
        Self {
            id: card.id,
            account: card.account,
            client: card.client,
            product: card.product,
            product_name: card.product_name,
            quantity: card.quantity,
            status: card.status.as_str(),
            planned_activation: card.planned_activation,
            offer_accepted_at: card.offer_accepted_at,
            activated_at: card.activated_at,
            next_payment_date: card.next_payment_date,
            ends_at: card.ends_at,
            created_at: card.created_at,
            created_by: card.created_by,
            closed_at: card.closed_at,
            close_reason: card.closed_at.map(|_| card.close_reason),
            numbers: card.numbers,
            subscribers: card.subscribers.into_iter().map(SubscriberView::from).collect(),
            revision: card.revision,
        }
    }
}

/// A subscriber: a number attached to a product. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriberView {
    /// Identifier.
    id: i64,
    /// Identifier of the product of the account.
    product_of_account: i64,
    /// Code of the account.
    account: String,
    /// Code of the product.
    product: String,
    /// The number.
    number: String,
    /// `new` (the number is reserved), `in_work` or `closed`.
    status: &'static str,
    /// When the number was attached.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// The day from which the term of the reservation counts.
    reserved_from: NaiveDate,
    /// Its last business day; `null`: the term has not begun.
    reserved_through: Option<NaiveDate>,
    /// When it was put in work.
    activated_at: Option<DateTime<Utc>>,
    /// When it was closed.
    closed_at: Option<DateTime<Utc>>,
    /// By whom; `system` is the night.
    closed_by: Option<String>,
    /// `lapsed`, `cancelled`, `closed`, `terminated` or `replaced`.
    closed_for: Option<String>,
    /// Why, in his words.
    close_reason: Option<String>,
    /// The number that it came for.
    replaces: Option<String>,
    /// The number that came for it.
    replaced_by: Option<String>,
    /// Raised with every change; the ETag.
    revision: i64,
}

impl From<SubscriberCard> for SubscriberView {
    fn from(card: SubscriberCard) -> Self {
        Self {
            id: card.id,
            product_of_account: card.instance_id,
            account: card.account,
            product: card.product,
            number: card.number,
            status: card.status.as_str(),
            created_at: card.created_at,
            created_by: card.created_by,
            reserved_from: card.reserved_from,
            reserved_through: card.reserved_through,
            activated_at: card.activated_at,
            closed_at: card.closed_at,
            closed_by: card.closed_by,
            closed_for: card.closed_for,
            close_reason: card.closed_at.map(|_| card.close_reason),
            replaces: card.replaces,
            replaced_by: card.replaced_by,
            revision: card.revision,
        }
    }
}

impl From<SubscriptionError> for Problem {
    fn from(error: SubscriptionError) -> Self {
        let step = |what: (&str, &str), from: &str, to: &str| {
            Self::new(Code::InvalidTransition).because(Text::new(
                format!("{} в состоянии {from}: из него нельзя перейти в {to} одним шагом", what.0),
                format!("The {} is {from} and does not become {to} in one step", what.1),
            ))
        };
        match error {
            SubscriptionError::NoAccount(code) => Self::no_account(&code),
            SubscriptionError::NoInstance | SubscriptionError::NoSubscriber => Self::new(Code::NotFound),
            SubscriptionError::NoProduct(code) => Self::field(
                "/product",
                Text::new(
                    format!("Продукта {code} в продаже нет: GET /v1/products"),
                    format!("No product {code} is sold: GET /v1/products"),
                ),
            ),
            SubscriptionError::AccountClosed(code) => Self::new(Code::AccountClosed)
                .because(Text::new(format!("Лицевой счёт {code} закрыт"), format!("Account {code} is closed"))),
            SubscriptionError::Cleaned => Self::new(Code::Cleaned),
            SubscriptionError::Duplicate(id) => Self::new(Code::DuplicateProduct).because(Text::new(
                format!("Продукт уже подключён, № {id}: измените его количество или прикрепите к нему номер"),
                format!("The account has the product already, id {id}: change its quantity or attach a number to it"),
            )),
            SubscriptionError::Step(from, to) => step(("Продукт", "product"), from.as_str(), to.as_str()),
            SubscriptionError::NotWorking(status) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Продукт в состоянии {}", status.as_str()),
                format!("The product is {}", status.as_str()),
            )),
            SubscriptionError::SubscriberStep(from, to) => step(("Абонент", "subscriber"), from.as_str(), to.as_str()),
            SubscriptionError::NotClosedFor(status, why) => not_closed_for(status, why),
            SubscriptionError::NotPlanned(why) => why.into(),
            SubscriptionError::TermRuns(through) => Self::new(Code::InvalidTransition).because(Text::new(
                format!(
                    "Срок резерва уже идёт, последний день {through}; чтобы снять резерв сейчас, отмените абонента"
                ),
                format!(
                    "The term of the reservation runs until {through} already; cancel the subscriber to end it now"
                ),
            )),
            SubscriptionError::NotForSale(why) => why.into(),
            SubscriptionError::NotReplaced(why) => Self::field("/payload/told_on", not_replaced(why)),
            SubscriptionError::SameNumber => {
                let other = Text::fixed("Нужен другой номер", "Another number is needed");
                Self::field("/payload/number", other)
            }
            SubscriptionError::NoNumber => Self::field(
                "/payload/number",
                Text::fixed("Ожидается международный номер цифрами", "An international number in digits is expected"),
            ),
            SubscriptionError::NoInitiator => Self::field(
                "/payload/initiator",
                Text::fixed("Ожидается одно из: client, operator", "One of these is expected: client, operator"),
            ),
            SubscriptionError::Outside(outside) => outside.into(),
            SubscriptionError::Refused(refused) => refused.into(),
            SubscriptionError::Did(error) => error.into(),
            SubscriptionError::Stale => Self::new(Code::Stale),
            SubscriptionError::Store(error) => error.into(),
        }
    }
}

/// Which way out there is instead.
fn not_closed_for(status: SubscriberStatus, why: ClosedFor) -> Problem {
    let (ru, en) = match (status, why) {
        (SubscriberStatus::New, ClosedFor::Closed) => {
            ("номер ещё только зарезервирован: отмените абонента", "its number is only reserved: cancel it")
        }
        (SubscriberStatus::InWork, ClosedFor::Cancelled) => {
            ("номер уже в работе: закройте абонента", "its number is in work: close it")
        }
        _ => ("в этом состоянии так нельзя", "this is not done in this state"),
    };
    let status = status.as_str();
    Problem::new(Code::InvalidTransition)
        .because(Text::new(format!("Абонент в состоянии {status}: {ru}"), format!("The subscriber is {status}: {en}")))
}

impl From<NotPlanned> for Problem {
    fn from(why: NotPlanned) -> Self {
        match why {
            NotPlanned::NotNew(status) => Self::new(Code::NotNew).because(Text::new(
                format!("Дата плановой активации меняется, пока продукт новый, а он {}", status.as_str()),
                format!("The day is planned while the product is new, and it is {}", status.as_str()),
            )),
            NotPlanned::NotFuture(first) => Self::new(Code::PlannedDateNotFuture).at(
                "/planned_activation",
                Text::new(format!("Самая ранняя дата — {first}"), format!("The earliest day is {first}")),
            ),
        }
    }
}

impl From<NotForSale> for Problem {
    fn from(why: NotForSale) -> Self {
        let not_available = |ru: String, en: String| Self::new(Code::DidNotAvailable).because(Text::new(ru, en));
        match why {
            NotForSale::NotFree(status) => {
                not_available(format!("Номер в состоянии {status}"), format!("The number is {status}"))
            }
            NotForSale::Rests(until) => not_available(
                format!("Мобильный номер продаётся не раньше {until}"),
                format!("A mobile number is not for sale before {until}"),
            ),
            NotForSale::ConsentRequired(callers) => Self::new(Code::ClientConsentRequired).because(Text::new(
                format!("Номеру звонили {callers} уникальных номеров: покажите клиенту это число и запросите вывод номера в продажу с его согласием (POST /v1/approvals, kind did.force)"),
                format!("{callers} unique callers: show the client this count and ask for the number to be forced with his consent (POST /v1/approvals, kind did.force)"),
            )),
            NotForSale::Red(offer) => not_available(
                format!("Номер не продаётся: {}", offer.as_str()),
                format!("The number is not for sale: {}", offer.as_str()),
            ),
        }
    }
}

impl From<OutsideCalendar> for Problem {
    fn from(outside: OutsideCalendar) -> Self {
        let OutsideCalendar { calendar, year } = outside;
        Self::new(Code::OutsideCalendar).because(Text::new(
            format!("Производственный календарь {calendar} не знает {year} года: PUT /v1/production-calendars/{calendar}"),
            format!("The production calendar {calendar} does not know the year {year}: PUT /v1/production-calendars/{calendar}"),
        ))
    }
}

fn not_replaced(why: NotReplaced) -> Text {
    match why {
        NotReplaced::NoNotice(days) => Text::new(
            format!("Клиента нужно предупредить за {days} дней: укажите день, когда его предупредили"),
            format!("The client has to be told {days} days before: say on which day he was"),
        ),
        NotReplaced::TooEarly(from) => Text::new(
            format!("Клиент предупреждён, номер можно заменить с {from}"),
            format!("The client was told, and his number can be replaced from {from} on"),
        ),
    }
}

/// How many of a product.
fn quantity(number: i64) -> Result<i32, Problem> {
    let fits = (1..=QUANTITY_MAX).contains(&number);
    i32::try_from(number).ok().filter(|_| fits).ok_or_else(|| {
        let expected = Text::new(
            format!("Ожидается целое число от 1 до {QUANTITY_MAX}"),
            format!("A whole number of 1 to {QUANTITY_MAX} is expected"),
        );
        Problem::field("/quantity", expected)
    })
}

/// The day from which a product is to work.
fn planned(text: &str) -> Result<NaiveDate, Problem> {
    inputs::day("/planned_activation", text)
}

#[cfg(test)]
mod tests {
    use billing::credit::Refused;
    use billing::numbers::{DidError, Offer};
    use billing::staff::Permission;
    use billing::subscriptions::InstanceStatus;
    use rating::rows::DidStatus;

    use super::*;
    use crate::language::Language;

    #[test]
    fn every_refusal_has_its_code() {
        let day: NaiveDate = "2026-07-01".parse().unwrap();
        let outside = OutsideCalendar { calendar: "ru".into(), year: 2028 };
        for (error, code) in [
            (SubscriptionError::NoAccount("a".into()), Code::NotFound),
            (SubscriptionError::NoInstance, Code::NotFound),
            (SubscriptionError::NoSubscriber, Code::NotFound),
            (SubscriptionError::NoProduct("p".into()), Code::Validation),
            (SubscriptionError::AccountClosed("a".into()), Code::AccountClosed),
            (SubscriptionError::Cleaned, Code::Cleaned),
            (SubscriptionError::Duplicate(7), Code::DuplicateProduct),
            (SubscriptionError::Step(InstanceStatus::Closed, InstanceStatus::InWork), Code::InvalidTransition),
            (SubscriptionError::NotWorking(InstanceStatus::Closed), Code::InvalidTransition),
            (
                SubscriptionError::SubscriberStep(SubscriberStatus::Closed, SubscriberStatus::InWork),
                Code::InvalidTransition,
            ),
            (SubscriptionError::NotClosedFor(SubscriberStatus::New, ClosedFor::Closed), Code::InvalidTransition),
            (SubscriptionError::NotPlanned(NotPlanned::NotNew(InstanceStatus::InWork)), Code::NotNew),
            (SubscriptionError::NotPlanned(NotPlanned::NotFuture(day)), Code::PlannedDateNotFuture),
            (SubscriptionError::TermRuns(day), Code::InvalidTransition),
            (SubscriptionError::NotForSale(NotForSale::NotFree(DidStatus::Reserved)), Code::DidNotAvailable),
            (SubscriptionError::NotForSale(NotForSale::Rests(day)), Code::DidNotAvailable),
            (SubscriptionError::NotForSale(NotForSale::Red(Offer::HasCalls)), Code::DidNotAvailable),
            (SubscriptionError::NotForSale(NotForSale::ConsentRequired(7)), Code::ClientConsentRequired),
            (SubscriptionError::NotReplaced(NotReplaced::NoNotice(60)), Code::Validation),
            (SubscriptionError::SameNumber, Code::Validation),
            (SubscriptionError::NoNumber, Code::Validation),
            (SubscriptionError::NoInitiator, Code::Validation),
            (SubscriptionError::Outside(outside), Code::OutsideCalendar),
            (SubscriptionError::Refused(Refused::BlockedOverdue), Code::BlockedOverdue),
            (SubscriptionError::Did(DidError::NotOurs), Code::NotOurs),
            (SubscriptionError::Did(DidError::Lacks(Permission::DidSkipQuarantine)), Code::Forbidden),
            (SubscriptionError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
        let told = Problem::from(SubscriptionError::Duplicate(7)).in_words(Language::Russian);
        assert!(told.contains("№ 7"), "{told}");
    }

    #[test]
    fn quantities() {
        for (number, fits) in [(1, true), (QUANTITY_MAX, true), (0, false), (-1, false), (i64::MAX, false)] {
            assert_eq!(quantity(number).is_ok(), fits, "{number}");
        }
    }
}
