//! A rate as people write it in a table: one row, a text a column.
//!
//! Owns: the columns of such a row, what each may hold, what they mean together, and what is said of a text that does not fit.
//! Does not own: where the texts come from (an operator's directory, a sheet), whose codes and times they use, what is well formed as a whole
//! ([`crate::rate`]), contradictions between rows ([`crate::build`]).
//! Always: all faults of a row are found, not the first; each names its column, and is said in both languages with the remedy.

use numbering::{Digits, parse_mask};

use crate::code::{Service, words};
use crate::list::Validity;
use crate::money::{Money, Rounding, RoundingMode};
use crate::rate::{BadRate, Flaw, Rate, RateParts, Tier, UNITS_MAX, billing_tiers, check_tiers, parse_tiers};
use crate::wording::Language;

/// Longest time without charge.
const FREE_SECONDS_MAX: u32 = 86_400;

words! {
    /// A column of a rate.
    Column {
        /// Prefix of the dialled number, or a short code.
        Prefix = "prefix",
        /// Service of the leg.
        Service = "service",
        /// Incoming service (M29).
        IncomingService = "incoming_service",
        /// Provider of the leg.
        Provider = "provider",
        /// Place of service.
        Place = "place",
        /// Prefix of the calling number.
        Origin = "origin",
        /// First moment.
        From = "from",
        /// Moment after the last.
        To = "to",
        /// Price of `unit` seconds.
        Price = "price",
        /// Seconds that the price buys.
        Unit = "unit",
        /// First increment and further ones.
        Billing = "billing",
        /// Tiers, instead of price, unit and billing.
        Tiers = "tiers",
        /// Other tiers, where a row says them all itself, inside time bands of the list and by volume: `night=0:1@1/60;>600=0:60@2/60`.
        Variants = "variants",
        /// The counter of the list that steps by volume go by.
        Volume = "volume",
        /// Fee for the answer.
        ConnectFee = "connect_fee",
        /// Fee for an attempt.
        AttemptFee = "attempt_fee",
        /// Seconds below which a call is free.
        FreeSeconds = "free_seconds",
        /// Least amount.
        Minimum = "minimum",
        /// Most.
        Maximum = "maximum",
        /// Rounding of its own.
        Rounding = "rounding",
        /// Decimals of its own.
        Decimals = "decimals",
    }
}

/// The texts of a row.
pub trait Fields {
    /// The text of a column without blanks around it; `None` when it is empty.
    fn text(&self, column: Column) -> Option<&str>;
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// A prefix or a short code.
    Prefix,
    /// A prefix of calling numbers.
    Origin,
    /// A service.
    Service,
    /// An amount.
    Amount,
    /// The unit of a price.
    Unit,
    /// Free seconds.
    FreeSeconds,
    /// Increments.
    Billing,
    /// Tiers.
    Tiers,
    /// A rounding mode.
    Rounding,
    /// A number of decimals.
    Decimals,
    /// A moment with its offset from UTC.
    Moment,
    /// A day or a moment, on the clock of the list.
    Day,
}

/// What is wrong with a text, or with several of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// There is nothing where something must be.
    Missing(Wanted),
    /// The text is something else.
    Not(String, Wanted),
    /// Neither a price nor tiers.
    NoPrice,
    /// The price is said twice.
    PriceTwice,
    /// Rounding without decimals, or the other way round.
    HalfRounding,
    /// The validity ends before it begins.
    EndsFirst,
    /// The terms as a whole.
    Terms(BadRate),
}

/// What is wrong with a column of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The column.
    pub column: Column,
    /// What is wrong.
    pub problem: Problem,
}

/// A field read by `read`; a text that it refuses is a fault.
fn field<T>(
    fields: &impl Fields,
    column: Column,
    wanted: Wanted,
    faults: &mut Vec<Fault>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let text = fields.text(column)?;
    let value = read(text);
    if value.is_none() {
        faults.push(Fault { column, problem: Problem::Not(text.to_owned(), wanted) });
    }
    value
}

/// The prefix, which must be there.
pub fn prefix(fields: &impl Fields, faults: &mut Vec<Fault>) -> Option<Digits> {
    if fields.text(Column::Prefix).is_none() {
        faults.push(Fault { column: Column::Prefix, problem: Problem::Missing(Wanted::Prefix) });
    }
    field(fields, Column::Prefix, Wanted::Prefix, faults, parse_mask)
}

/// The service; `None` = all.
pub fn service(fields: &impl Fields, faults: &mut Vec<Fault>) -> Option<Service> {
    field(fields, Column::Service, Wanted::Service, faults, |text| text.parse().ok())
}

/// The prefix of calling numbers; empty = any.
pub fn origin(fields: &impl Fields, faults: &mut Vec<Fault>) -> Digits {
    let read = |text: &str| parse_mask(text).filter(|origin| !origin.is_short());
    field(fields, Column::Origin, Wanted::Origin, faults, read).unwrap_or(Digits::EMPTY)
}

/// The validity; `moment` reads a moment, `wanted` says what it takes.
pub fn validity(
    fields: &impl Fields,
    wanted: Wanted,
    moment: impl Fn(&str) -> Option<i64>,
    faults: &mut Vec<Fault>,
) -> Validity {
    let from_ms = field(fields, Column::From, wanted, faults, &moment).unwrap_or(i64::MIN);
    let to_ms = field(fields, Column::To, wanted, faults, &moment).unwrap_or(i64::MAX);
    if from_ms >= to_ms {
        faults.push(Fault { column: Column::To, problem: Problem::EndsFirst });
    }
    Validity { from_ms, to_ms }
}

/// The price terms of a row, without any bands; `None` when they have a fault.
pub fn parts(fields: &impl Fields, faults: &mut Vec<Fault>) -> Option<RateParts> {
    let before = faults.len();
    let tiers = tiers(fields, faults);
    let rounding = rounding(fields, faults);
    let mut amount = |column| field(fields, column, Wanted::Amount, faults, amount);
    let connect_fee = amount(Column::ConnectFee).unwrap_or_default();
    let attempt_fee = amount(Column::AttemptFee).unwrap_or_default();
    let minimum = amount(Column::Minimum).unwrap_or_default();
    let maximum = amount(Column::Maximum);
    let seconds = |text: &str| text.parse().ok().filter(|seconds| *seconds <= FREE_SECONDS_MAX);
    let free_s = field(fields, Column::FreeSeconds, Wanted::FreeSeconds, faults, seconds).unwrap_or(0);
    let tiers = tiers.unwrap_or_default();
    let parts =
        RateParts { tiers, connect_fee, attempt_fee, free_s, minimum, maximum, rounding, ..RateParts::default() };
    (faults.len() == before).then_some(parts)
}

/// The checked rate of terms, of a row that says all its variants itself.
pub fn rate(parts: RateParts, faults: &mut Vec<Fault>) -> Option<Rate> {
    Rate::checked(parts)
        .map_err(|Flaw { variant, problem }| {
            let column = match (&problem, variant) {
                (BadRate::NoCounter, _) => Column::Volume,
                (_, Some(_)) => Column::Variants,
                (problem, None) => column_of(problem),
            };
            faults.push(Fault { column, problem: Problem::Terms(problem) });
        })
        .ok()
}

/// The column that is at fault where the terms outside all variants are not well formed, each text being so.
pub const fn column_of(problem: &BadRate) -> Column {
    match problem {
        BadRate::Limits => Column::Maximum,
        BadRate::Decimals => Column::Decimals,
        // One unit has a denominator: there are several tiers.
        BadRate::Denominator => Column::Tiers,
        BadRate::NoCounter => Column::Volume,
        _ => Column::Price,
    }
}

/// An amount that may stand in a price list.
fn amount(text: &str) -> Option<Money> {
    Money::parse(text).filter(|amount| *amount >= Money::ZERO)
}

fn rounding(fields: &impl Fields, faults: &mut Vec<Fault>) -> Option<Rounding> {
    let before = faults.len();
    let mode: Option<RoundingMode> =
        field(fields, Column::Rounding, Wanted::Rounding, faults, |text| text.parse().ok());
    let decimals: Option<u8> = field(fields, Column::Decimals, Wanted::Decimals, faults, |text| text.parse().ok());
    match (mode, decimals) {
        (Some(mode), Some(decimals)) => return Some(Rounding { mode, decimals }),
        (None, None) => {}
        _ if faults.len() > before => {}
        _ => faults.push(Fault { column: Column::Rounding, problem: Problem::HalfRounding }),
    }
    None
}

/// The tiers of a row, said by `tiers` or by `price`, `unit` and `billing`.
pub fn tiers(fields: &impl Fields, faults: &mut Vec<Fault>) -> Option<Vec<Tier>> {
    if fields.text(Column::Tiers).is_some() {
        if [Column::Price, Column::Unit, Column::Billing].iter().any(|column| fields.text(*column).is_some()) {
            faults.push(Fault { column: Column::Tiers, problem: Problem::PriceTwice });
        }
        let tiers = field(fields, Column::Tiers, Wanted::Tiers, faults, parse_tiers)?;
        let checked = check_tiers(&tiers);
        return checked
            .map_err(|error| faults.push(Fault { column: Column::Tiers, problem: Problem::Terms(error) }))
            .map(|()| tiers)
            .ok();
    }
    if fields.text(Column::Price).is_none() {
        faults.push(Fault { column: Column::Price, problem: Problem::NoPrice });
    }
    let price = field(fields, Column::Price, Wanted::Amount, faults, amount);
    let units = 1..=UNITS_MAX;
    let read_unit = |text: &str| text.parse().ok().filter(|unit| units.contains(unit));
    let unit = field(fields, Column::Unit, Wanted::Unit, faults, read_unit);
    let billing = fields.text(Column::Billing).unwrap_or("1/1");
    let tiers = billing_tiers(price.unwrap_or_default(), unit.unwrap_or(60), billing)
        .filter(|tiers| tiers.iter().all(|tier| units.contains(&tier.increment_s)));
    if tiers.is_none() {
        faults.push(Fault { column: Column::Billing, problem: Problem::Not(billing.to_owned(), Wanted::Billing) });
    }
    price.and(tiers)
}

impl Wanted {
    /// What the column holds, in words.
    pub const fn words(self, language: Language) -> &'static str {
        let (russian, english) = match self {
            Self::Prefix => (
                "префикс из 1–15 цифр, который не начинается с 0, или short:КОД",
                "a prefix of 1 to 15 digits that does not begin with 0, or short:CODE",
            ),
            Self::Origin => (
                "префикс из 1–15 цифр, который не начинается с 0",
                "a prefix of 1 to 15 digits that does not begin with 0",
            ),
            Self::Service => (
                "одно из outgoing, incoming, tollfree, forwarded, internal, message, data, CALLS_REC, CALLS_REC_UNLIM",
                "one of outgoing, incoming, tollfree, forwarded, internal, message, data, CALLS_REC, CALLS_REC_UNLIM",
            ),
            Self::Amount => (
                "сумма (цифры, точка, не больше девяти знаков после неё, от 0, меньше 1000000000)",
                "an amount (digits, a point, at most nine decimals, from 0 to below 1000000000)",
            ),
            Self::Unit => (
                "целое число секунд или штук от 1 до 1073741824",
                "a whole number of seconds or pieces, 1 to 1073741824",
            ),
            Self::FreeSeconds => ("целое число секунд, не больше 86400", "a whole number of seconds, at most 86400"),
            Self::Billing => (
                "запись вида 30/6 (первый шаг / следующие, в секундах, каждый от 1 до 1073741824)",
                "of the form 30/6 (first increment / next ones, in seconds, each 1 to 1073741824)",
            ),
            Self::Tiers => (
                "ступени вида 0:30@0.006/60 30:6@0.006/60 (с секунды : шаг @ цена / единица)",
                "tiers of the form 0:30@0.006/60 30:6@0.006/60 (from second : increment @ price / unit)",
            ),
            Self::Rounding => ("одно из half_up, up, half_even, down", "one of half_up, up, half_even, down"),
            Self::Decimals => ("число знаков после точки", "a number of decimals"),
            Self::Moment => ("время вида 2026-11-01T00:00:00+03:00", "a time of the form 2026-11-01T00:00:00+03:00"),
            Self::Day => (
                "дата вида 2026-11-01 или 01.11.2026, при желании со временем 10:30:00, или время с поясом 2026-11-01T00:00:00+03:00",
                "a day of the form 2026-11-01 or 01.11.2026, with a time 10:30:00 if need be, or a time with its zone 2026-11-01T00:00:00+03:00",
            ),
        };
        match language {
            Language::Russian => russian,
            Language::English => english,
        }
    }
}

impl Problem {
    /// What is wrong and what to do, in words.
    pub fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        match self {
            Self::Missing(wanted) if russian => format!("пусто; здесь нужен {}", wanted.words(language)),
            Self::Missing(wanted) => format!("must not be empty; it is {}", wanted.words(language)),
            Self::Not(text, wanted) if russian => format!("`{text}` не подходит; нужно: {}", wanted.words(language)),
            Self::Not(text, wanted) => format!("`{text}` is not {}", wanted.words(language)),
            Self::NoPrice if russian => "нужна цена или ступени (tiers)".into(),
            Self::NoPrice => "a rate needs a price, or tiers".into(),
            Self::PriceTwice if russian => {
                "цена задаётся либо ступенями, либо ценой, единицей и шагом, но не тем и другим".into()
            }
            Self::PriceTwice => "say the price either by tiers or by price, unit and billing, not both".into(),
            Self::HalfRounding if russian => {
                "округление и число знаков задаются вместе, либо оба остаются пустыми".into()
            }
            Self::HalfRounding => "rounding and decimals are set together, or both left empty".into(),
            Self::EndsFirst if russian => "срок действия кончается раньше, чем начинается; исправьте даты".into(),
            Self::EndsFirst => "the validity ends before it begins".into(),
            Self::Terms(error) if russian => terms_in_russian(error).into(),
            Self::Terms(error) => error.to_string(),
        }
    }
}

/// What the sentences of [`BadRate`] say, in Russian.
const fn terms_in_russian(error: &BadRate) -> &'static str {
    match error {
        BadRate::NoTiers => "нужна цена",
        BadRate::FirstTier => "первая ступень должна начинаться с секунды 0",
        BadRate::Order => "ступени должны следовать одна за другой",
        BadRate::Units => "шаг и единица — от 1 до 1073741824 (секунд, штук)",
        BadRate::Negative => "цены и сборы не бывают отрицательными",
        BadRate::Limits => "минимум больше максимума",
        BadRate::Denominator => {
            "у единиц ступеней нет общего знаменателя меньше 2^40; возьмите единицы, на которые делится час"
        }
        BadRate::VariantTwice => "у полосы времени и у ступени объёма в строке одна цена",
        BadRate::BandWithoutStart => "у полосы времени со ступенями объёма нужна и цена с объёма 0",
        BadRate::Step => "ступень объёма — от 1 до 9223372036854775807 (секунд, штук)",
        BadRate::NoCounter => "ступеням объёма нужен счётчик (volume), по которому они идут",
        BadRate::Decimals => "округлять можно до 0–9 знаков",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Texts<'a>(&'a [(Column, &'a str)]);

    impl Fields for Texts<'_> {
        fn text(&self, column: Column) -> Option<&str> {
            self.0.iter().find(|(name, _)| *name == column).map(|(_, text)| *text).filter(|text| !text.is_empty())
        }
    }

    /// The columns that a row is refused for.
    fn refused(texts: &[(Column, &str)]) -> Vec<Column> {
        let (row, mut faults) = (Texts(texts), Vec::new());
        prefix(&row, &mut faults);
        service(&row, &mut faults);
        origin(&row, &mut faults);
        validity(&row, Wanted::Moment, |text| text.parse().ok(), &mut faults);
        if let Some(parts) = parts(&row, &mut faults) {
            rate(parts, &mut faults);
        }
        for fault in &faults {
            let (russian, english) = (fault.problem.text(Language::Russian), fault.problem.text(Language::English));
            assert!(!russian.is_empty() && russian != english, "{fault:?}");
        }
        faults.into_iter().map(|fault| fault.column).collect()
    }

    #[test]
    fn all_faults_of_a_row_are_found() {
        use Column::{
            Billing, ConnectFee, Decimals, From, Maximum, Minimum, Origin, Prefix, Price, Rounding, Service, Tiers, To,
            Unit,
        };
        for (texts, expected) in [
            (&[(Prefix, "7"), (Price, "1")][..], &[][..]),
            (&[(Prefix, "7"), (Tiers, "0:1@1/60")], &[]),
            (&[], &[Prefix, Price]),
            (
                &[(Prefix, "07"), (Price, "1,5"), (Service, "out"), (Origin, "short:112")],
                &[Prefix, Service, Origin, Price],
            ),
            (&[(Prefix, "7"), (Price, "x"), (Billing, "60"), (Unit, "m")], &[Price, Unit, Billing]),
            (&[(Prefix, "7"), (Price, "1"), (Tiers, "0:1@1/60")], &[Tiers]),
            (&[(Prefix, "7"), (Price, "1"), (Rounding, "up")], &[Rounding]),
            (&[(Prefix, "7"), (Price, "1"), (Rounding, "off"), (Decimals, "2")], &[Rounding]),
            (&[(Prefix, "7"), (Price, "1"), (From, "5"), (To, "5")], &[To]),
            (&[(Prefix, "7"), (Price, "1"), (Minimum, "2"), (Maximum, "1")], &[Maximum]),
            (&[(Prefix, "7"), (Price, "-1")], &[Price]),
            (&[(Prefix, "7"), (Price, "1"), (Billing, "0/1")], &[Billing]),
            (&[(Prefix, "7"), (Price, "1"), (Unit, "1073741825")], &[Unit]),
            (&[(Prefix, "7"), (Price, "1"), (ConnectFee, "-1"), (Minimum, "-1")], &[ConnectFee, Minimum]),
            (&[(Prefix, "7"), (Tiers, "0:1@-1/60")], &[Tiers]),
            (&[(Prefix, "7"), (Tiers, "1:1@1/60")], &[Tiers]),
            (&[(Prefix, "7"), (Tiers, "0:1@1/86399 1:1@1/86381 2:1@1/86371")], &[Tiers]),
        ] {
            assert_eq!(refused(texts), expected, "{texts:?}");
        }
    }
}
