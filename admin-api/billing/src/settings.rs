//! Settings: operating parameters as rows.
//!
//! Owns: table `setting`, what each setting may be.
//! Does not own: what a setting means (its description says it, the code that reads it obeys it).
//! Always: every setting has a row with a default from its migration; an unknown key is refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;

use numbering::{NumberRules, ShortCode};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::{PgConnection, Row};

use crate::change::Change;
use crate::hot_path::Touched;
use crate::store::{Store, StoreError};

/// What a setting may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A whole number.
    Number(RangeInclusive<i64>),
    /// A whole number, or nothing.
    OptionalNumber(RangeInclusive<i64>),
    /// A time zone of IANA.
    Zone,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Rules of replaced beginnings, `8>7` for instance.
    NumberRules,
    /// Short codes with blanks between them; at least so many.
    Codes(usize),
    /// An amount from 0 on, or nothing.
    AmountOrNothing,
    /// An address that requests go to: by TLS, or on this machine; or nothing.
    AddressOrNothing,
    /// A text of one line, 1 to so many characters.
    Text(usize),
    /// A code with `{number}` in it.
    CodeFormat,
    /// The form of the numbers of contracts.
    ContractNumber,
    /// An address of e-mail, or nothing.
    MailboxOrNothing,
    /// Some of these words, each once, with blanks between them, or none.
    Words(&'static [&'static str]),
    /// `KEY=VALUE` with blanks between them, each key once, or nothing.
    Pairs,
}

impl Kind {
    /// Whether a text is such a value.
    pub fn fits(&self, text: &str) -> bool {
        match self {
            Self::Number(range) => {
                text.parse::<i64>().is_ok_and(|number| range.contains(&number) && number.to_string() == text)
            }
            Self::OptionalNumber(range) => text.is_empty() || Self::Number(range.clone()).fits(text),
            Self::NumberRules => NumberRules::parse(text, "").is_ok(),
            Self::CodeFormat => crate::accounts::account_code(text, 1).is_some(),
            Self::Zone => text.parse::<chrono_tz::Tz>().is_ok(),
            Self::ContractNumber => crate::contracts::NumberFormat::parse(text).is_some(),
            Self::MailboxOrNothing => text.is_empty() || crate::parties::is_email(text),
            Self::Word(words) => words.contains(&text),
            Self::Words(words) => {
                let asked: Vec<&str> = text.split_whitespace().collect();
                let once: BTreeSet<&str> = asked.iter().copied().collect();
                once.len() == asked.len() && once.iter().all(|word| words.contains(word))
            }
            Self::Pairs => {
                text.split_whitespace().all(|pair| pair_of(pair).is_some())
                    && pairs(text).len() == text.split_whitespace().count()
            }
            Self::AmountOrNothing => text.is_empty() || amount(text).is_some(),
            Self::AddressOrNothing => text.is_empty() || is_address(text),
            Self::Text(most) => {
                !text.trim().is_empty() && text.chars().count() <= *most && !text.chars().any(char::is_control)
            }
            Self::Codes(least) => {
                let codes: Vec<&str> = text.split_whitespace().collect();
                codes.len() >= *least && codes.iter().all(|code| ShortCode::parse(code).is_some())
            }
        }
    }
}

/// An amount as settings and payloads write it: digits, with at most two decimals, below 1,000,000,000.
pub(crate) fn amount(text: &str) -> Option<Decimal> {
    let plain = text.starts_with(|first: char| first.is_ascii_digit())
        && text.ends_with(|last: char| last.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let amount = Decimal::from_str_exact(text).ok().filter(|_| plain)?;
    (amount.scale() <= 2 && amount < Decimal::from(1_000_000_000)).then_some(amount)
}

/// Key and value of `KEY=VALUE`.
fn pair_of(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(key, value)| !key.is_empty() && !value.is_empty() && !value.contains('='))
}

/// Values by their keys, of a setting that is [`Kind::Pairs`].
pub(crate) fn pairs(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split_whitespace().filter_map(pair_of);
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Whether a text is an address without credentials, query and fragment, to which nothing goes over the network in clear.
fn is_address(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"@?#\\\"<>".contains(&byte));
    let near = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let is_near = near
        .into_iter()
        .any(|host| text.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])));
    let is_safe = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with([':', '/']));
    plain && (is_near || is_safe)
}

const BREACH: Kind = Kind::Word(&["charge", "zero", "suspend"]);
const YES_OR_NO: Kind = Kind::Word(&["yes", "no"]);

/// Every setting, and what it may be.
const KINDS: &[(&str, Kind)] = &[
    ("account.code_format", Kind::CodeFormat),
    ("account.one_per_entity", YES_OR_NO),
    ("approval.credit_limit_above", Kind::AmountOrNothing),
    ("approval.days", Kind::Number(1..=366)),
    ("approval.price_import", Kind::Word(&["off", "second_person"])),
    ("authorize.batch_ms", Kind::Number(0..=50)),
    ("authorize.lead_seconds", Kind::Number(1..=3_600)),
    ("authorize.max_seconds", Kind::Number(1..=86_400)),
    ("authorize.origin", Kind::Word(&["any", "not_anothers", "own"])),
    ("authorize.outage", Kind::Word(&["allow", "deny"])),
    ("authorize.outage_seconds", Kind::Number(1..=86_400)),
    ("authorize.ring_seconds", Kind::Number(1..=3_600)),
    ("authorize.timeout_ms", Kind::Number(50..=10_000)),
    // The rule itself (A18) is the widest that they may be.
    ("autopay.amount_max", Kind::AmountOrNothing),
    ("autopay.failed_max", Kind::Number(1..=10)),
    ("autopay.wait_hours", Kind::Number(24..=720)),
    ("autopay.window_days", Kind::Number(30..=366)),
    ("balance.look_seconds", Kind::Number(5..=3_600)),
    ("billing.zone", Kind::Zone),
    ("cabinet.session_minutes", Kind::Number(5..=10_080)),
    ("cash_register.groups", Kind::Pairs),
    ("cash_register.payment_address", Kind::AddressOrNothing),
    ("catalogue.history_days", Kind::Number(1..=3_650)),
    ("client.auto_connect", YES_OR_NO),
    ("client.login_at_registration", Kind::Word(&["yes", "no"])),
    ("client.new_months", Kind::Number(1..=120)),
    ("contract.number_format", Kind::ContractNumber),
    ("credit.alarm_after_hours", Kind::Number(1..=744)),
    ("credit.bank_calendar", Kind::Text(100)),
    ("credit.closing_description", Kind::Text(200)),
    ("credit.closing_formula", Kind::Word(&["outstanding_credit", "unpaid_previous"])),
    ("credit.termination_mode", Kind::Word(&["off", "propose", "execute"])),
    ("credit.termination_months", Kind::Number(1..=120)),
    ("credit.wait_for_statement", YES_OR_NO),
    ("debt.block_after_months", Kind::OptionalNumber(1..=120)),
    ("dedup.window_hours", Kind::Number(1..=8_760)),
    ("did.force_copy_mailbox", Kind::MailboxOrNothing),
    ("did.forced_effect_seconds", Kind::Number(4..=60)),
    // The law says at least so many (A31).
    ("did.mobile_rest_days", Kind::Number(60..=3_650)),
    ("did.production_calendar", Kind::Text(100)),
    ("did.quarantine_days", Kind::Number(1..=3_650)),
    // The same (A32).
    ("did.replacement_notice_days", Kind::Number(60..=3_650)),
    ("did.reservation_business_days", Kind::Number(1..=100)),
    ("did.reservation_from", Kind::Word(&["created", "payment_due", "refused"])),
    ("did.unique_callers_consent", Kind::Number(1..=1_000_000)),
    ("export.keep_hours", Kind::Number(1..=8_760)),
    ("export.max_rows", Kind::Number(1..=1_048_575)),
    ("export.per_user", Kind::Number(1..=100)),
    ("gateway.url", Kind::AddressOrNothing),
    ("gdpr.module", Kind::Word(&["off", "on"])),
    ("gdpr.retention_days", Kind::Number(0..=36_500)),
    ("grid.default_rows", Kind::Number(1..=5_000)),
    ("grid.max_rows", Kind::Number(1..=100_000)),
    ("hold.after_release_hours", Kind::Number(1..=168)),
    ("hold.report_days", Kind::Number(1..=366)),
    ("ingest.batch_ms", Kind::Number(1..=60_000)),
    ("ingest.batch_rows", Kind::Number(1..=400_000)),
    ("ingest.under_way_bytes", Kind::Number(1 << 20..=1 << 40)),
    ("jobs.catch_up_days", Kind::Number(1..=366)),
    ("liquidation.repeat_days", Kind::OptionalNumber(1..=3_650)),
    ("liquidation.trigger", Kind::Word(&["date", "status_or_date"])),
    ("lock.breach.client", BREACH),
    ("lock.breach.fraud", BREACH),
    ("lock.breach.operator", BREACH),
    ("mail.attempts", Kind::Number(1..=100)),
    ("match.tolerance", Kind::AmountOrNothing),
    ("nontarget.grace_minutes", Kind::Number(0..=10_080)),
    ("notice.critical.interval_days", Kind::Number(1..=366)),
    // Emergency calls pass under every setting (A1).
    ("numbering.emergency", Kind::Codes(1)),
    ("numbering.short_codes", Kind::Codes(0)),
    ("outbox.max_bytes", Kind::Number(1 << 20..=1 << 50)),
    ("password.lanes", Kind::Number(1..=8)),
    ("password.memory_kib", Kind::Number(7_168..=262_144)),
    ("password.min_length", Kind::Number(8..=64)),
    ("password.passes", Kind::Number(1..=20)),
    ("payments.treasury_mailbox", Kind::MailboxOrNothing),
    // An hour is the rule (A26).
    ("receipts.alarm_minutes", Kind::Number(5..=60)),
    ("receipts.look_seconds", Kind::Number(5..=600)),
    ("receipts.methods", Kind::Words(&["bank", "card", "cash", "manual"])),
    ("receipts.simplified_system", Kind::Word(&["usn_income", "usn_income_outcome"])),
    ("reconciliation.grace_minutes", Kind::Number(0..=10_080)),
    ("reconciliation.tolerance_calls", Kind::Number(0..=1_000_000)),
    ("reconciliation.tolerance_percent", Kind::Number(0..=100)),
    // The law says at least so many (A40).
    ("retention.calls_years", Kind::Number(3..=100)),
    ("retention.documents_years", Kind::Number(5..=100)),
    ("risk_tag.calls", Kind::Number(0..=1_000_000)),
    ("search.number_rules", Kind::NumberRules),
    ("session.idle_minutes", Kind::Number(5..=1_440)),
    ("session.max_hours", Kind::Number(1..=168)),
    ("signin.address_attempts", Kind::Number(1..=10_000)),
    ("signin.attempts", Kind::Number(1..=100)),
    ("signin.totp", Kind::Word(&["optional", "required"])),
    ("signin.window_minutes", Kind::Number(1..=1_440)),
    ("snapshot.poll_seconds", Kind::Number(1..=3_600)),
    ("suspense.alarm_percent", Kind::Number(0..=100)),
    ("token.max_days", Kind::Number(1..=3_660)),
    ("work_as.minutes", Kind::Number(1..=480)),
];

/// A setting as people see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// What it means.
    pub description: String,
}

/// Why a setting stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// No such setting.
    #[error("there is no such setting")]
    NotFound,
    /// It cannot be so.
    #[error("the value does not fit: {0:?} is expected")]
    Unfit(Kind),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All of them by key.
pub async fn list(store: &Store) -> Result<Vec<Setting>, StoreError> {
    let rows = sqlx::query("SELECT key, value, description FROM setting ORDER BY key").fetch_all(store.pool()).await?;
    let setting = |row: &sqlx::postgres::PgRow| Setting {
        key: row.get("key"),
        value: row.get("value"),
        description: row.get("description"),
    };
    Ok(rows.iter().map(setting).collect())
}

/// What a setting may be; `None`: it is not one of ours.
pub fn kind(key: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|(known, _)| *known == key).map(|(_, kind)| kind)
}

/// The value of a setting as a transaction sees it: for what may not lag behind a change.
pub(crate) async fn value(connection: &mut PgConnection, key: &str) -> Result<String, StoreError> {
    let value: Option<String> =
        sqlx::query_scalar("SELECT value FROM setting WHERE key = $1").bind(key).fetch_optional(connection).await?;
    value.ok_or_else(|| StoreError::Inconsistent { table: "setting", problem: format!("no row for {key}") })
}

/// Changes a setting; readers have it within `snapshot.poll_seconds`.
pub async fn set(change: &mut Change, key: &str, value: &str, reason: &str) -> Result<(), SettingError> {
    let kind = kind(key).ok_or(SettingError::NotFound)?;
    if !kind.fits(value) {
        return Err(SettingError::Unfit(kind.clone()));
    }
    let before: Option<String> = sqlx::query_scalar("SELECT value FROM setting WHERE key = $1 FOR UPDATE")
        .bind(key)
        .fetch_optional(change.connection())
        .await
        .map_err(StoreError::from)?;
    let before = before.ok_or(SettingError::NotFound)?;
    sqlx::query("UPDATE setting SET value = $2 WHERE key = $1")
        .bind(key)
        .bind(value)
        .execute(change.connection())
        .await
        .map_err(StoreError::from)?;
    change.touch(Touched::Tariffs);
    change.record("setting.edit", "setting", key, &json!({"value": before}), &json!({"value": value}), reason);
    Ok(())
}

/// All settings by key.
#[derive(Clone, Debug)]
pub struct Settings(HashMap<String, String>);

impl Settings {
    /// Of these values, for tests and tools.
    pub fn of<const N: usize>(values: [(&str, &str); N]) -> Self {
        Self(values.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// Reads them.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let mut connection = store.pool().acquire().await?;
        Self::read_in(&mut connection).await
    }

    /// The same as a transaction sees them.
    pub(crate) async fn read_in(connection: &mut PgConnection) -> Result<Self, StoreError> {
        let rows = sqlx::query("SELECT key, value FROM setting").fetch_all(connection).await?;
        Ok(Self(rows.iter().map(|row| (row.get("key"), row.get("value"))).collect()))
    }

    /// The text of a setting.
    pub fn text(&self, key: &str) -> Result<&str, StoreError> {
        self.0
            .get(key)
            .map(String::as_str)
            .ok_or_else(|| StoreError::Inconsistent { table: "setting", problem: format!("no row for {key}") })
    }

    /// A whole number.
    pub fn number(&self, key: &str) -> Result<i64, StoreError> {
        let text = self.text(key)?;
        text.parse().map_err(|_| StoreError::Inconsistent {
            table: "setting",
            problem: format!("{key} = `{text}`, which is not a whole number"),
        })
    }

    /// A whole number, where there is one.
    pub fn optional_number(&self, key: &str) -> Result<Option<i64>, StoreError> {
        if self.text(key)?.is_empty() { Ok(None) } else { self.number(key).map(Some) }
    }

    /// An amount, where there is one.
    pub fn optional_amount(&self, key: &str) -> Result<Option<Decimal>, StoreError> {
        let text = self.text(key)?;
        if text.is_empty() {
            return Ok(None);
        }
        amount(text).map(Some).ok_or_else(|| StoreError::Inconsistent {
            table: "setting",
            problem: format!("{key} = `{text}`, which is not an amount"),
        })
    }

    /// A time zone.
    pub fn zone(&self, key: &str) -> Result<chrono_tz::Tz, StoreError> {
        let text = self.text(key)?;
        text.parse().map_err(|_| StoreError::Inconsistent {
            table: "setting",
            problem: format!("{key} = `{text}`, which is not a time zone"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_kind() {
        for (key, value, fits) in [
            ("approval.credit_limit_above", "", true),
            ("approval.credit_limit_above", "1500.50", true),
            ("approval.credit_limit_above", "1500.505", false),
            ("approval.credit_limit_above", "1_500", false),
            ("approval.credit_limit_above", "-1", false),
            ("approval.credit_limit_above", "1.", false),
            ("approval.price_import", "second_person", true),
            ("approval.price_import", "on", false),
            ("billing.zone", "Europe/Moscow", true),
            ("billing.zone", "Moscow", false),
            ("account.code_format", "A-{number:06}", true),
            ("account.code_format", "A-", false),
            ("client.auto_connect", "maybe", false),
            ("contract.number_format", "{entity}-{year}-{number:5}", true),
            ("contract.number_format", "{entity}-{number}", false),
            ("ingest.batch_rows", "400000", true),
            ("ingest.batch_rows", "400001", false),
            ("ingest.batch_rows", "0", false),
            ("ingest.batch_rows", "+5", false),
            ("ingest.batch_rows", "", false),
            ("lock.breach.fraud", "suspend", true),
            ("lock.breach.fraud", "Suspend", false),
            ("match.tolerance", "0.00", true),
            ("match.tolerance", "-1", false),
            ("payments.treasury_mailbox", "", true),
            ("payments.treasury_mailbox", "treasury@example.ru", true),
            ("payments.treasury_mailbox", "treasury", false),
            ("numbering.emergency", "112 101", true),
            ("numbering.emergency", " ", false),
            ("numbering.emergency", "112,101", false),
            ("numbering.short_codes", "", true),
            ("autopay.failed_max", "11", false),
            ("autopay.wait_hours", "23", false),
            ("gateway.url", "", true),
            ("gateway.url", "https://pay.example.ru/api/v1", true),
            ("gateway.url", "http://127.0.0.1:9000", true),
            ("gateway.url", "http://[::1]:9000/", true),
            ("gateway.url", "http://localhost", true),
            ("gateway.url", "http://pay.example.ru", false),
            ("gateway.url", "http://127.0.0.1.example.ru", false),
            ("gateway.url", "https://user:secret@pay.example.ru", false),
            ("gateway.url", "https://pay.example.ru/?key=1", false),
            ("gateway.url", "https://", false),
            ("gateway.url", "ftp://127.0.0.1", false),
            ("credit.closing_description", "Закрытие кредита должнику", true),
            ("credit.closing_description", " ", false),
            ("credit.closing_description", "a\nb", false),
            ("receipts.methods", "", true),
            ("receipts.methods", "card cash", true),
            ("receipts.methods", "card card", false),
            ("receipts.methods", "card,cash", false),
            ("cash_register.groups", "", true),
            ("cash_register.groups", "T=main U=other-2", true),
            ("cash_register.groups", "T=main T=other", false),
            ("cash_register.groups", "T", false),
            ("cash_register.groups", "T=", false),
            ("cash_register.groups", "T=a=b", false),
            ("liquidation.repeat_days", "", true),
            ("liquidation.repeat_days", "30", true),
            ("liquidation.repeat_days", "0", false),
        ] {
            assert_eq!(kind(key).unwrap().fits(value), fits, "{key} = `{value}`");
        }
        assert!(kind("no.such").is_none() && KINDS.is_sorted_by_key(|(key, _)| *key));
    }
}
