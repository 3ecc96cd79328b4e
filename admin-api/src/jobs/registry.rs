//! Every job, on one page.
//!
//! Owns: names, times, what each is about.
//! Does not own: what a job does (its file).
//! Always: by name; a name is never given to another job, for the record of runs knows it.

use std::sync::Arc;

use billing::autopayments::AutopayError;
use billing::change::Begun;
use billing::credit::CreditError;
use billing::mail::MailError;
use billing::numbers::DidError;
use billing::receipts::ReceiptError;
use billing::settings::Settings;
use billing::subscriptions::SubscriptionError;
use billing::{Actor, Change, StoreError};
use chrono::{NaiveDate, NaiveTime};
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{
    approvals_expire, autopay, credit_check, credit_renew, critical_notice, did_release, holds_expire,
    idempotency_sweep, liquidation_notice, number_classes, overdue_block, receipts, reservation_release, risk_tags,
    terminate,
};
use crate::language::Text;
use crate::risk_tags::RiskTagsError;
use crate::state::AppState;

/// What a job works with.
#[derive(Clone)]
pub(crate) struct Context {
    /// The program's state: engines, clock.
    pub(crate) state: AppState,
    /// The settings of when it began.
    pub(crate) settings: Arc<Settings>,
    /// The author of its changes.
    pub(crate) actor: Actor,
}

impl Context {
    /// Begins a change of the program's own.
    pub(crate) async fn begin(&self) -> Result<Change, StoreError> {
        match Change::begin(&self.state.store, self.state.clock.as_ref(), self.actor.clone(), None).await? {
            Begun::New(change) => Ok(change),
            // Only a key is ever repeated.
            Begun::Repeated(..) | Begun::KeyReused => {
                Err(StoreError::Inconsistent { table: "idempotency", problem: "a key of a job".to_owned() })
            }
        }
    }
}

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobFault {
    /// Nothing was charged, or not all.
    #[error(transparent)]
    Autopay(#[from] AutopayError),
    /// Credit was not checked, turned or looked after.
    #[error(transparent)]
    Credit(#[from] CreditError),
    /// A mail was not written.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// Receipts were not sent, or not asked about.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// Receipts that should be there by now are not (A26).
    #[error("ALARM: {0} fiscal receipts are missing; /v1/fiscal-receipts?missing=true says which and why")]
    ReceiptsMissing(i64),
    /// Statistics are waited for (M14).
    #[error("statistics of non-target calls of {0} are not complete yet")]
    NotCollected(NaiveDate),
    /// Numbers did not move.
    #[error(transparent)]
    Numbers(#[from] DidError),
    /// Reservations were not ended: the calendar does not know a year of their term, which is named.
    #[error(transparent)]
    Reservations(SubscriptionError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Tags were not given.
    #[error(transparent)]
    Tags(#[from] RiskTagsError),
    /// Checks wait for the statement of a bank day (A15).
    #[error("{alarm}{accounts} accounts wait for the bank statement of {bank_day}")]
    Waits {
        /// How many.
        accounts: i64,
        /// The day of the oldest check.
        bank_day: NaiveDate,
        /// `ALARM: ` where they wait for too long, else nothing.
        alarm: &'static str,
    },
    /// A setting that nobody knows.
    #[error("the setting {0} cannot be understood")]
    Setting(&'static str),
}

impl From<SubscriptionError> for JobFault {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::Store(error) => Self::Store(error),
            error => Self::Reservations(error),
        }
    }
}

impl JobFault {
    /// The same for people: the words of an engine stay in the log.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Store(_)
            | Self::Credit(CreditError::Store(_))
            | Self::Mail(MailError::Store(_))
            | Self::Numbers(DidError::Store(_))
            | Self::Autopay(AutopayError::Store(_))
            | Self::Receipt(ReceiptError::Store(_))
            | Self::Tags(_) => "an engine failed; the log says how".to_owned(),
            other => other.to_string(),
        }
    }
}

/// What a job did, in figures.
pub(crate) type Figures = Value;

/// A job.
pub(crate) struct Job {
    /// Name.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) about: Text,
    /// When it runs, by the clock of the billing zone.
    pub(crate) at: NaiveTime,
    /// Does the work of a date.
    pub(crate) run: for<'a> fn(&'a Context, NaiveDate) -> BoxFuture<'a, Result<Figures, JobFault>>,
}

/// The table, by name.
#[rustfmt::skip]
pub(crate) static JOBS: &[Job] = &[
    Job { name: "approvals_expire", about: Text::fixed("Просроченные согласования", "Requests that are overdue"), at: at(3, 0), run: approvals_expire::run },
    Job { name: "autopay", about: Text::fixed("Автоплатежи с карт клиентов", "Automatic payments by cards of clients"), at: at(4, 40), run: autopay::run },
    Job { name: "credit_check", about: Text::fixed("Проверка кредита: в ночь на последний день месяца", "The check of credit: in the night to the last day of a month"), at: at(0, 0), run: credit_check::run },
    Job { name: "credit_renew", about: Text::fixed("Возобновление кредита: в начале месяца", "The renewal of credit: at the turn of the month"), at: at(0, 0), run: credit_renew::run },
    Job { name: "critical_notice", about: Text::fixed("Уведомления о критическом остатке", "Notices of a critical balance"), at: at(4, 45), run: critical_notice::run },
    Job { name: "did_release", about: Text::fixed("Номера, отлежавшие карантин, — в свободные", "Numbers leave quarantine"), at: at(4, 10), run: did_release::run },
    Job { name: "holds_expire", about: Text::fixed("Звонки, записей о которых не было", "Calls whose record never came"), at: at(3, 15), run: holds_expire::run },
    Job { name: "idempotency_sweep", about: Text::fixed("Старые ответы на повторы запросов", "Old answers to repeated requests"), at: at(3, 30), run: idempotency_sweep::run },
    Job { name: "liquidation_notice", about: Text::fixed("Письма ликвидированным клиентам", "Letters to liquidated clients"), at: at(4, 30), run: liquidation_notice::run },
    Job { name: "number_classes", about: Text::fixed("Классы красивых номеров по новым правилам, каждый час", "Classes of beautiful numbers by their new rules, every hour"), at: at(0, 20), run: number_classes::run },
    Job { name: "overdue_block", about: Text::fixed("Блокировки за просрочку, каждый час", "Blocks for what is overdue, every hour"), at: at(0, 10), run: overdue_block::run },
    Job { name: "receipts", about: Text::fixed("Кассовые чеки, каждый час; отправка идёт и между запусками", "Fiscal receipts, every hour; they are sent between the runs too"), at: at(0, 20), run: receipts::run },
    Job { name: "reservation_release", about: Text::fixed("Резервы номеров, которые не оплачены в срок", "Reservations of numbers that were not paid for in time"), at: at(4, 5), run: reservation_release::run },
    Job { name: "risk_tags", about: Text::fixed("Теги по правилам: мало звонков за прошлый месяц", "Tags by rules: few calls in the last month"), at: at(5, 0), run: risk_tags::run },
    Job { name: "terminate", about: Text::fixed("Расторжение договоров должников", "Contracts of debtors are ended"), at: at(4, 50), run: terminate::run },
];

/// Jobs that begin again for the date of now when an hour has passed since they were done.
pub(crate) static HOURLY: &[&str] = &["number_classes", "overdue_block", "receipts"];

/// A time of a day.
const fn at(hour: u32, minute: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, minute, 0) {
        Some(time) => time,
        None => panic!("there is no such time"),
    }
}

/// The job with a name.
pub(crate) fn find(name: &str) -> Option<&'static Job> {
    JOBS.iter().find(|job| job.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_have_names_of_their_own() {
        assert!(JOBS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for job in JOBS {
            assert!(find(job.name).is_some());
        }
        assert!(find("nothing").is_none());
        assert!(HOURLY.iter().all(|name| find(name).is_some()));
    }
}
