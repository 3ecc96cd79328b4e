//! `entity.csv`, `settings.csv`, `taxes.csv`, `providers.csv`, `accounts.csv`, `dids.csv`, `locks.csv`.

use billing::operator::{AccountDetails, DidDetails, EntityDetails, LockDetails, TaxDetails};
use chrono::NaiveDate;
use numbering::{E164, ShortCode, parse_mask};
use rating::lock::{LockAction, LockOrigin};
use rating::rows::{
    AccountId, AccountPlanRow, AccountRow, AccountTrunkRow, ClientId, DidRow, DidStatus, EntityRow, LockRow,
    ProviderId, ProviderRow, TaxRow,
};
use rating::{Currency, Money};

use super::Reading;
use super::table::{RowReader, read_table};
use super::tariffs::{PREFIX, amount_or_zero};

pub(super) const CURRENCY: &str = "a currency code of three capital letters";
pub(super) const ZONE: &str = "a zone of the IANA time zone database, for example Europe/Moscow";

fn words(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect()
}

pub(super) fn read_entity(reading: &mut Reading<'_>) {
    let columns = [("code", true), ("name", true), ("currency", true), ("zone", true), ("inn", false), ("kpp", false)];
    let mut rows = 0;
    read_table(reading, "entity.csv", false, &columns, |reading, row| {
        rows += 1;
        if rows > 1 {
            return row.problem("code", "the file has one row");
        }
        let (code, name) = (row.required("code"), row.required("name"));
        let currency = row.must_read("currency", CURRENCY, Currency::parse);
        let zone = row.must_parse("zone", ZONE);
        let (Some(currency), Some(zone)) = (currency, zone) else { return };
        let own = |column| row.text(column).map(str::to_owned);
        reading.operator.entity = EntityDetails { code, name, currency, inn: own("inn"), kpp: own("kpp") };
        reading.operator.rows.entity = EntityRow { zone, currency };
    });
}

pub(super) fn read_settings(reading: &mut Reading<'_>) {
    read_table(reading, "settings.csv", false, &[("key", true), ("value", true)], |reading, row| {
        let key = row.required("key");
        let value = row.text("value").unwrap_or_default().to_owned();
        let settings = &mut reading.operator.rows.settings;
        let codes = || value.split_ascii_whitespace().map(ShortCode::parse).collect::<Option<Vec<_>>>();
        let done = match key.as_str() {
            "numbering.emergency" => codes().map(|codes| settings.emergency = codes),
            "numbering.short_codes" => codes().map(|codes| settings.short_codes = codes),
            "lock.breach.client" => value.parse::<LockAction>().ok().map(|action| settings.breach.client = action),
            "lock.breach.operator" => value.parse::<LockAction>().ok().map(|action| settings.breach.operator = action),
            "lock.breach.fraud" => value.parse::<LockAction>().ok().map(|action| settings.breach.fraud = action),
            _ => return row.problem("key", format!("there is no setting `{key}`")),
        };
        if done.is_none() {
            let wanted = if key.starts_with("lock.") {
                "charge, zero or suspend"
            } else {
                "codes of 2 to 6 digits separated by blanks"
            };
            return row.problem("value", format!("`{value}` is not {wanted}"));
        }
        if reading.operator.settings.iter().any(|(known, _)| *known == key) {
            return row.problem("key", format!("the setting `{key}` stands twice"));
        }
        reading.operator.settings.push((key, value));
    });
}

/// The standard rate by law, from the first day of a year on (A12): what a directory without `taxes.csv` has, and an empty database.
const STANDARD_TAX: [(i32, u32); 2] = [(2019, 2_000), (2026, 2_200)];

pub(super) fn read_taxes(reading: &mut Reading<'_>) {
    let columns = [("category", true), ("regime", true), ("from", true), ("percent", true)];
    read_table(reading, "taxes.csv", false, &columns, |reading, row| {
        let (category, regime) = (row.required("category"), row.required("regime"));
        let from = row.must_parse("from", "a day of the form 2026-01-01");
        let percent = read_percent(row);
        let (Some(from), Some(basis_points)) = (from, percent) else { return };
        let key = |tax: &TaxDetails| (tax.category.clone(), tax.regime.clone(), tax.from);
        if reading.operator.taxes.iter().any(|known| key(known) == (category.clone(), regime.clone(), from)) {
            return row.problem("from", "the rate of this category and regime from this day stands twice");
        }
        if category == "standard" && regime == "general" {
            reading.operator.rows.taxes.push(TaxRow { from, basis_points });
        }
        reading.operator.taxes.push(TaxDetails { category, regime, from, basis_points });
    });
    if !reading.dir.join("taxes.csv").exists() {
        for (from, basis_points) in STANDARD_TAX {
            let from = NaiveDate::from_ymd_opt(from, 1, 1).expect("every year has a first day");
            let (category, regime) = ("standard".into(), "general".into());
            reading.operator.rows.taxes.push(TaxRow { from, basis_points });
            reading.operator.taxes.push(TaxDetails { category, regime, from, basis_points });
        }
    }
}

/// Column `percent`, in hundredths of a percent.
pub(super) fn read_percent(row: &mut RowReader<'_>) -> Option<u32> {
    row.must_read("percent", "a percentage of 0 to 100 with at most two decimals", |text| {
        let percent = Money::parse(text)?.nanos();
        ((0..=100_000_000_000).contains(&percent) && percent % 10_000_000 == 0).then_some((percent / 10_000_000) as u32)
    })
}

pub(super) fn read_providers(reading: &mut Reading<'_>) {
    read_table(
        reading,
        "providers.csv",
        false,
        &[("provider", true), ("name", false), ("trunks", false)],
        |reading, row| {
            let code = row.required("provider");
            let id = ProviderId(reading.operator.rows.providers.len() as u32 + 1);
            if reading.names.providers.insert(code.clone(), id).is_some() {
                row.problem("provider", format!("provider `{code}` stands twice"));
            }
            reading.operator.providers.push(row.text("name").unwrap_or(&code).to_owned());
            reading.operator.rows.providers.push(ProviderRow { id, code, trunks: words(row.text("trunks")) });
            reading.came_from("providers.csv", row.line);
        },
    );
}

pub(super) fn read_accounts(reading: &mut Reading<'_>) {
    let columns = [
        ("account", true),
        ("plan", true),
        ("from", false),
        ("to", false),
        ("client", false),
        ("currency", false),
        ("zone", false),
        ("mode", false),
        ("policy", false),
        ("limit", false),
        ("balance", false),
        ("trunks", false),
    ];
    let mut first_rows: Vec<FirstRow> = Vec::new();
    read_table(reading, "accounts.csv", true, &columns, |reading, row| {
        let code = row.required("account");
        let plan = row.must_refer("plan", "plans.csv", &reading.names.plans);
        let validity = row.validity();
        let account = if let Some(id) = reading.names.accounts.get(&code) {
            first_rows[id.0 as usize - 1].compare(row);
            *id
        } else {
            first_rows.push(FirstRow::of(row));
            new_account(reading, row, code, plan)
        };
        if let Some(plan) = plan {
            reading.operator.rows.account_plans.push(AccountPlanRow { account, plan, validity });
            reading.came_from("accounts.csv", row.line);
        }
    });
}

/// Columns that describe an account and not one of its plan periods.
const OF_THE_ACCOUNT: [&str; 8] = ["client", "currency", "zone", "mode", "policy", "limit", "balance", "trunks"];

/// What the first row of an account says about it.
struct FirstRow {
    line: u64,
    fields: [Option<Box<str>>; 8],
}

impl FirstRow {
    fn of(row: &RowReader<'_>) -> Self {
        Self { line: row.line, fields: OF_THE_ACCOUNT.map(|column| row.text(column).map(Box::from)) }
    }

    /// A later row leaves these fields empty, or repeats them.
    fn compare(&self, row: &mut RowReader<'_>) {
        for (column, first) in OF_THE_ACCOUNT.into_iter().zip(&self.fields) {
            if row.text(column).is_some_and(|later| Some(later) != first.as_deref()) {
                let problem = format!(
                    "differs from line {}, which says what the account is; leave it empty or repeat it",
                    self.line
                );
                row.problem(column, problem);
            }
        }
    }
}

/// The first row of an account says what it is; later ones only add plan periods.
fn new_account(
    reading: &mut Reading<'_>,
    row: &mut RowReader<'_>,
    code: String,
    plan: Option<rating::rows::PlanId>,
) -> AccountId {
    let id = AccountId(reading.operator.rows.accounts.len() as u64 + 1);
    let client_code = row.text("client").unwrap_or(&code).to_owned();
    let operator = &mut reading.operator;
    let client = *reading.names.clients.entry(client_code.clone()).or_insert_with(|| {
        let id = ClientId(operator.clients.len() as u64 + 1);
        operator.clients.push((id.0, client_code));
        id
    });
    let plan_currency = plan.and_then(|plan| reading.names.plan_currencies.get(&plan).copied());
    let currency =
        row.read("currency", CURRENCY, Currency::parse).or(plan_currency).unwrap_or(operator.entity.currency);
    let (mode, policy) = (
        row.word("mode", &["prepaid", "postpaid"], "prepaid"),
        row.word("policy", &["none", "monthly", "days"], "none"),
    );
    if (mode, policy) == ("prepaid", "monthly") || (mode, policy) == ("postpaid", "days") {
        row.problem("policy", "credit_policy_conflict: `monthly` needs postpaid, `days` needs prepaid");
    }
    let limit = amount_or_zero(row, "limit");
    if limit < Money::ZERO {
        row.problem("limit", "a credit limit is not negative");
    }
    operator.accounts.push(AccountDetails {
        zone: row.parse("zone", ZONE).unwrap_or(chrono_tz::Europe::Moscow),
        mode: mode.to_owned(),
        policy: policy.to_owned(),
        limit,
        balance: amount_or_zero(row, "balance"),
    });
    let trunks = words(row.text("trunks"));
    for (index, trunk) in trunks.iter().enumerate() {
        if trunks[..index].contains(trunk) {
            row.problem("trunks", format!("trunk `{trunk}` stands twice"));
        }
    }
    for trunk in trunks {
        operator.rows.account_trunks.push(AccountTrunkRow { account: id, trunk });
    }
    operator.rows.accounts.push(AccountRow { id, code: code.clone(), client, currency });
    reading.names.accounts.insert(code, id);
    id
}

pub(super) fn read_dids(reading: &mut Reading<'_>) {
    let columns = [
        ("number", true),
        ("status", true),
        ("account", false),
        ("from", false),
        ("to", false),
        ("provider", false),
        ("place", false),
        ("kind", false),
        ("sale", false),
    ];
    read_table(reading, "dids.csv", false, &columns, |reading, row| {
        let number = row.must_read("number", "an international number of 7 to 15 digits", E164::parse);
        let status: Option<DidStatus> = row.must_parse("status", "one of free, reserved, in_work, archive, withdrawn");
        let account = row.reference("account", "accounts.csv", &reading.names.accounts);
        if matches!(status, Some(DidStatus::InWork | DidStatus::Reserved)) && row.text("account").is_none() {
            row.problem("account", "a number in work or reserved has an account");
        }
        let provider = row.reference("provider", "providers.csv", &reading.names.providers);
        let place = row.text("place").map(str::to_owned);
        let validity = row.validity();
        let kind = row.word("kind", &["ordinary", "fmtn"], "ordinary").to_owned();
        let sale = row.word("sale", &["yes", "forced", "no"], "yes").to_owned();
        let (Some(number), Some(status)) = (number, status) else { return };
        let symbol = place.as_deref().map(|place| reading.symbol(place));
        reading.operator.rows.dids.push(DidRow { number, status, account, place: symbol, validity });
        reading.operator.dids.push(DidDetails { provider, place, kind, sale });
        reading.came_from("dids.csv", row.line);
    });
}

pub(super) fn read_locks(reading: &mut Reading<'_>) {
    let columns = [
        ("mask", true),
        ("account", false),
        ("origin", false),
        ("provider", false),
        ("active", false),
        ("from", false),
        ("to", false),
        ("author", false),
        ("reason", false),
    ];
    read_table(reading, "locks.csv", true, &columns, |reading, row| {
        let mask = row.must_read("mask", PREFIX, parse_mask);
        let account = row.reference("account", "accounts.csv", &reading.names.accounts);
        let origin = row.parse("origin", "one of client, operator, fraud").unwrap_or(LockOrigin::Operator);
        let provider = row.reference("provider", "providers.csv", &reading.names.providers);
        let active = row.word("active", &["true", "false"], "true") == "true";
        let validity = row.validity();
        let text = |column, default: &str| row.text(column).unwrap_or(default).to_owned();
        let (author, reason) = (text("author", "load"), text("reason", ""));
        let Some(mask) = mask else { return };
        let lock = LockRow { id: reading.operator.locks.len() as u64 + 1, account, mask, provider, origin, validity };
        if active {
            reading.operator.rows.locks.push(lock);
            reading.came_from("locks.csv", row.line);
        }
        reading.operator.locks.push(LockDetails { row: lock, active, author, reason });
    });
}
