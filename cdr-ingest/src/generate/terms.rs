//! The oracle's own reading of what clients have of their own: discounts, exchange rates, tax.
//!
//! **Owns:** `Terms`, which of them counts for a leg. **Does not own:** what they do to a price (`price`).
//! **Always:** every row is looked at for every leg of a client who has any; holders are compared by their codes.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use chrono::NaiveDate;

use super::error::GenerateError;
use super::model::Validity;
use super::number_rules::fits;
use super::table::{Row, Table};

/// What stands between the price of a list and what is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adjustment {
    /// What is left of the price, in ten-thousandths.
    pub left: i128,
    /// Nano-units for so many units of the list's currency.
    pub exchange: Option<(i128, i128)>,
    /// Tax on top, in ten-thousandths.
    pub tax: i128,
}

impl Adjustment {
    /// The price as it is.
    pub const NONE: Self = Self { left: 10_000, exchange: None, tax: 0 };
}

/// Whose a row is: the code of an account, of a client or of a group, or nobody's in particular.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Holder {
    Account(String),
    Client(String),
    Group(String),
    Everybody,
}

impl Holder {
    fn read(row: &Row<'_>) -> Self {
        match (row.optional("client"), row.optional("group")) {
            (Some(client), _) => Self::Client(client),
            (None, Some(group)) => Self::Group(group),
            (None, None) => Self::Everybody,
        }
    }
}

#[derive(Debug)]
struct Discount {
    /// 0 is the first to count.
    level: usize,
    holder: Holder,
    percent: i128,
    service: String,
    prefix: String,
    validity: Validity,
}

#[derive(Debug)]
struct Rate {
    holder: Holder,
    from: String,
    to: String,
    nano: i128,
    quantity: i128,
    day: NaiveDate,
}

/// Everything that clients have of their own, and the standard tax.
#[derive(Debug, Default)]
pub struct Terms {
    members: HashMap<String, Vec<(String, Validity)>>,
    discounts: Vec<Discount>,
    rates: Vec<Rate>,
    own_taxes: HashMap<String, Vec<(i128, Validity)>>,
    taxes: Vec<(NaiveDate, i128)>,
    excluded: HashSet<String>,
}

/// The leg that is asked about.
pub struct Asked<'a> {
    /// Code of the account.
    pub account: &'a str,
    /// Code of the client.
    pub client: &'a str,
    /// Currency of the account.
    pub currency: &'a str,
    /// Code of the list.
    pub list: &'a str,
    /// Currency of the list.
    pub list_currency: &'a str,
    /// Service, as files spell it.
    pub service: &'a str,
    /// The dialled number.
    pub key: &'a str,
    /// Answer or set-up, in epoch milliseconds.
    pub moment: i64,
    /// Usage day.
    pub day: NaiveDate,
}

impl Terms {
    /// Reads the files that are there.
    pub(super) fn read(dir: &Path) -> Result<Self, GenerateError> {
        let mut terms = Self::default();
        let table = |name: &str| dir.join(name).exists().then(|| Table::open(dir, name)).transpose();
        let day = |row: &Row<'_>, column: &str| row.text(column).parse().map_err(|_| row.bad(column));
        // A percentage of nano-units is a hundred-millionth of ten-thousandths.
        let percent = |row: &Row<'_>| Ok(row.nano("percent")?.ok_or_else(|| row.bad("percent"))? / 10_000_000);
        if let Some(table) = table("groups.csv")? {
            table.each(|row| {
                let group = (row.text("group").to_owned(), Validity::read(row)?);
                terms.members.entry(row.text("client").to_owned()).or_default().push(group);
                Ok(())
            })?;
        }
        if let Some(table) = table("discounts.csv")? {
            table.each(|row| {
                let level = ["personal", "group", "promo"].iter().position(|level| *level == row.text("level"));
                // What an account has counts before what its client has.
                let (level, holder) = match row.optional("account") {
                    Some(account) => (level.map(|_| 0), Holder::Account(account)),
                    None => (level.map(|level| level + 1), Holder::read(row)),
                };
                terms.discounts.push(Discount {
                    level: level.ok_or_else(|| row.bad("level"))?,
                    holder,
                    percent: percent(row)?,
                    service: row.text("service").to_owned(),
                    prefix: row.text("prefix").to_owned(),
                    validity: Validity::read(row)?,
                });
                Ok(())
            })?;
        }
        if let Some(table) = table("exchange_rates.csv")? {
            table.each(|row| {
                terms.rates.push(Rate {
                    holder: Holder::read(row),
                    from: row.text("currency").to_owned(),
                    to: row.text("to").to_owned(),
                    nano: row.nano("rate")?.ok_or_else(|| row.bad("rate"))?,
                    quantity: row.whole("quantity")?.unwrap_or(1).into(),
                    day: day(row, "date")?,
                });
                Ok(())
            })?;
        }
        if let Some(table) = table("client_taxes.csv")? {
            table.each(|row| {
                let tax = (percent(row)?, Validity::read(row)?);
                terms.own_taxes.entry(row.text("client").to_owned()).or_default().push(tax);
                Ok(())
            })?;
        }
        if let Some(table) = table("taxes.csv")? {
            table.each(|row| {
                if (row.text("category"), row.text("regime")) == ("standard", "general") {
                    terms.taxes.push((day(row, "from")?, percent(row)?));
                }
                Ok(())
            })?;
        }
        Table::open(dir, "lists.csv")?.each(|row| {
            if row.text("tax") == "excluded" {
                terms.excluded.insert(row.text("list").to_owned());
            }
            Ok(())
        })?;
        Ok(terms)
    }

    /// Since when a holder's terms are the client's; `None` when they are not.
    fn since(&self, holder: &Holder, asked: &Asked<'_>) -> Option<i64> {
        match holder {
            Holder::Account(account) => (account == asked.account).then_some(i64::MIN),
            Holder::Client(client) => (client == asked.client).then_some(i64::MIN),
            Holder::Group(group) => {
                let groups = self.members.get(asked.client)?;
                groups
                    .iter()
                    .find(|(code, member)| code == group && member.holds(asked.moment))
                    .map(|(_, member)| member.from)
            }
            Holder::Everybody => Some(i64::MIN),
        }
    }

    /// What becomes of the price of a list; `None` when its currency cannot be converted.
    pub(super) fn adjustment(&self, asked: &Asked<'_>) -> Option<Adjustment> {
        let mut counts: Option<(usize, i64, usize, i128)> = None;
        for (index, discount) in self.discounts.iter().enumerate() {
            let fits_leg = discount.validity.holds(asked.moment)
                && (discount.service.is_empty() || discount.service == asked.service)
                && (discount.prefix.is_empty() || fits(&discount.prefix, asked.key));
            if let Some(member_since) = self.since(&discount.holder, asked).filter(|_| fits_leg) {
                let (level, from) = (discount.level, discount.validity.from.max(member_since));
                // The better level; of one level the later date; of one date the later row.
                if counts.is_none_or(|(best, best_from, ..)| level < best || (level == best && from >= best_from)) {
                    counts = Some((level, from, index, discount.percent));
                }
            }
        }
        let exchange = if asked.currency == asked.list_currency {
            None
        } else {
            let of_kind = |kind: fn(&Holder) -> bool| {
                let rates = self.rates.iter().filter(|rate| kind(&rate.holder) && rate.day <= asked.day);
                rates
                    .filter(|rate| rate.from == asked.list_currency && rate.to == asked.currency)
                    .filter(|rate| self.since(&rate.holder, asked).is_some())
                    .max_by_key(|rate| rate.day)
            };
            let rate = of_kind(|holder| matches!(holder, Holder::Client(_)))
                .or_else(|| of_kind(|holder| matches!(holder, Holder::Group(_))))
                .or_else(|| of_kind(|holder| matches!(holder, Holder::Everybody)))?;
            Some((rate.nano, rate.quantity))
        };
        let own_tax = self.own_taxes.get(asked.client).and_then(|taxes| {
            taxes.iter().find(|(_, validity)| validity.holds(asked.moment)).map(|(percent, _)| *percent)
        });
        let standard =
            self.taxes.iter().filter(|(from, _)| *from <= asked.day).max().map_or(0, |(_, percent)| *percent);
        Some(Adjustment {
            left: 10_000 - counts.map_or(0, |(.., percent)| percent),
            exchange,
            tax: if self.excluded.contains(asked.list) { own_tax.unwrap_or(standard) } else { 0 },
        })
    }
}
