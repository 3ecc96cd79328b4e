//! `groups.csv`, `discounts.csv`, `exchange_rates.csv`, `client_taxes.csv`.

use std::collections::{HashMap, HashSet};

use numbering::{Digits, parse_mask};
use rating::list::Validity;
use rating::rows::{ClientId, ClientTaxRow, DiscountRow, ExchangeRow, GroupId, GroupMemberRow, Holder};
use rating::terms::DiscountLevel;
use rating::{Currency, Money, Service};

use super::Reading;
use super::parties::{CURRENCY, read_percent};
use super::table::{RowReader, read_table};
use super::tariffs::PREFIX;

pub(super) fn read_groups(reading: &mut Reading<'_>) {
    let columns = [("group", true), ("client", true), ("from", false), ("to", false)];
    let mut known: HashMap<(GroupId, ClientId), Vec<Validity>> = HashMap::new();
    read_table(reading, "groups.csv", false, &columns, |reading, row| {
        let code = row.required("group");
        let client = row.must_refer("client", "accounts.csv", &reading.names.clients);
        let validity = row.validity();
        let next = GroupId(reading.names.groups.len() as u32 + 1);
        let group = *reading.names.groups.entry(code.clone()).or_insert(next);
        if group == next {
            reading.operator.groups.push(code);
        }
        let Some(client) = client else { return };
        let times = known.entry((group, client)).or_default();
        if times.iter().any(|time| time.overlaps(validity)) {
            return row.problem("from", "the client is in this group already at that time");
        }
        times.push(validity);
        reading.operator.rows.members.push(GroupMemberRow { group, client, validity });
    });
}

/// The holder that a row names by `client` or `group`.
fn holder(reading: &Reading<'_>, row: &mut RowReader<'_>) -> Option<Holder> {
    let client = row.reference("client", "accounts.csv", &reading.names.clients);
    let group = row.reference("group", "groups.csv", &reading.names.groups);
    match (row.text("client").is_some(), row.text("group").is_some()) {
        (true, true) => {
            row.problem("group", "name either a client or a group, not both");
            None
        }
        (true, false) => client.map(Holder::Client),
        (false, true) => group.map(Holder::Group),
        (false, false) => Some(Holder::Everybody),
    }
}

/// The same of a discount, which may be of one `account` too.
fn holder_or_account(reading: &Reading<'_>, row: &mut RowReader<'_>) -> Option<Holder> {
    let account = row.reference("account", "accounts.csv", &reading.names.accounts);
    if row.text("account").is_none() {
        return holder(reading, row);
    }
    for other in ["client", "group"] {
        if row.text(other).is_some() {
            row.problem(other, "leave it empty: the discount is of the account alone");
        }
    }
    account.map(Holder::Account)
}

pub(super) fn read_discounts(reading: &mut Reading<'_>) {
    let columns = [
        ("level", true),
        ("account", false),
        ("client", false),
        ("group", false),
        ("percent", true),
        ("service", false),
        ("prefix", false),
        ("from", false),
        ("to", false),
        ("name", false),
    ];
    read_table(reading, "discounts.csv", false, &columns, |reading, row| {
        let level: Option<DiscountLevel> = row.must_parse("level", "one of personal, group, promo");
        let holder = holder_or_account(reading, row);
        let percent = read_percent(row);
        let service = row.parse::<Service>("service", super::tariffs::SERVICE);
        let prefix = row.read("prefix", PREFIX, parse_mask).unwrap_or(Digits::EMPTY);
        let validity = row.validity();
        let (Some(level), Some(holder), Some(basis_points)) = (level, holder, percent) else { return };
        match (level, holder) {
            (DiscountLevel::Personal, Holder::Account(_) | Holder::Client(_))
            | (DiscountLevel::Group | DiscountLevel::Promo, Holder::Group(_)) => {}
            (DiscountLevel::Personal, _) => {
                return row.problem("client", "a personal discount names its account or its client");
            }
            _ => return row.problem("group", format!("a {level} discount names its group")),
        }
        let id = reading.operator.rows.discounts.len() as u64 + 1;
        reading.operator.discounts.push(row.text("name").unwrap_or_default().to_owned());
        let discount = DiscountRow { id, level, holder, basis_points, service, prefix, validity };
        reading.operator.rows.discounts.push(discount);
    });
}

pub(super) fn read_exchange_rates(reading: &mut Reading<'_>) {
    let columns = [
        ("currency", true),
        ("to", true),
        ("rate", true),
        ("quantity", false),
        ("date", true),
        ("client", false),
        ("group", false),
    ];
    let mut known = HashSet::new();
    read_table(reading, "exchange_rates.csv", false, &columns, |reading, row| {
        let from = row.must_read("currency", CURRENCY, Currency::parse);
        let to = row.must_read("to", CURRENCY, Currency::parse);
        let above_0 = "an amount above 0 (digits, a point, at most nine decimals, below 1000000000)";
        let rate = row.must_read("rate", above_0, |text| Money::parse(text).filter(|rate| *rate > Money::ZERO));
        let quantity = row.read("quantity", "a whole number of 1 to 1000000", |text| {
            text.parse::<u32>().ok().filter(|quantity| (1..=1_000_000).contains(quantity))
        });
        let day = row.must_parse("date", "a day of the form 2026-01-01");
        let holder = holder(reading, row);
        let (Some(from), Some(to), Some(rate), Some(day), Some(holder)) = (from, to, rate, day, holder) else { return };
        if from == to {
            return row.problem("to", "a currency is not converted into itself");
        }
        if !known.insert((row.text("client").map(str::to_owned), row.text("group").map(str::to_owned), from, to, day)) {
            return row.problem("date", "the rate of these currencies from this day stands twice");
        }
        let id = reading.operator.rows.exchanges.len() as u64 + 1;
        let quantity = quantity.unwrap_or(1);
        reading.operator.rows.exchanges.push(ExchangeRow {
            id,
            holder,
            from,
            to,
            rate,
            quantity,
            day,
            validity: Validity::ALWAYS,
        });
    });
}

pub(super) fn read_client_taxes(reading: &mut Reading<'_>) {
    let columns = [("client", true), ("percent", true), ("from", false), ("to", false), ("reason", true)];
    let mut known: HashMap<ClientId, Vec<Validity>> = HashMap::new();
    read_table(reading, "client_taxes.csv", false, &columns, |reading, row| {
        let client = row.must_refer("client", "accounts.csv", &reading.names.clients);
        let percent = read_percent(row);
        let validity = row.validity();
        let reason = row.required("reason");
        let (Some(client), Some(basis_points)) = (client, percent) else { return };
        let times = known.entry(client).or_default();
        if times.iter().any(|time| time.overlaps(validity)) {
            return row.problem("from", "the client has a tax of his own already at that time");
        }
        times.push(validity);
        reading.operator.rows.client_taxes.push(ClientTaxRow { client, basis_points, validity });
        reading.operator.client_taxes.push(reason);
    });
}
