//! What the hot path reads: the rows of a snapshot, across rooms, read only.
//!
//! Owns: the queries that fill [`Rows`], the catalogue's version and its notification.
//! Does not own: any table.
//! Always: one REPEATABLE READ transaction, so the rows belong together; nothing here writes but [`raise_version`].

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use numbering::{Digits, E164, NumberRules, ShortCode, parse_mask};
use rating::calendar::{Band, Dates, Days, days_of, parse_hours};
use rating::list::{Qualifiers, Validity};
use rating::lock::BreachRules;
use rating::rate::{parse_bands, parse_tiers};
use rating::rows::{
    AccountId, AccountPlanRow, AccountRow, AccountTrunkRow, ClientId, DidRow, EngineSettings, EntityRow, LayerRow,
    ListId, ListRow, LockRow, PlanId, PlanRow, ProviderId, ProviderRow, RateRow, Rows, SourceRow, Symbol, TaxRow,
};
use rating::{Currency, Money, Rate, RateParts, Rounding};
use rust_decimal::Decimal;
use sqlx::postgres::{PgConnection, PgListener, PgRow};
use sqlx::{Acquire, Row};

use crate::store::{Store, StoreError, copy_value};

/// Channel on which a new catalogue version is announced.
const CHANNEL: &str = "tollgate_catalogue";

fn inconsistent(table: &'static str, problem: impl Into<String>) -> StoreError {
    StoreError::Inconsistent { table, problem: problem.into() }
}

/// Raises the catalogue's version inside a transaction and announces it at its commit.
pub(crate) async fn raise_version(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let version: i64 = sqlx::query_scalar("UPDATE catalogue SET version = version + 1 RETURNING version")
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(version.to_string()).execute(&mut *connection).await?;
    Ok(version)
}

/// The version in force.
pub async fn version(store: &Store) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT version FROM catalogue").fetch_one(store.pool()).await?)
}

/// Waits for announcements of a new version.
pub struct VersionListener(PgListener);

impl VersionListener {
    /// Listens from now on.
    pub async fn open(store: &Store) -> Result<Self, StoreError> {
        let mut listener = PgListener::connect_with(store.pool()).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// Returns when a new version was announced.
    pub async fn changed(&mut self) -> Result<(), StoreError> {
        self.0.recv().await?;
        Ok(())
    }
}

/// Reads everything that a snapshot is built from.
pub async fn read_rows(store: &Store) -> Result<Rows, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let mut tx = connection.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *tx).await?;
    let mut rows = Rows::empty();
    let version: i64 = sqlx::query_scalar("SELECT version FROM catalogue").fetch_one(&mut *tx).await?;
    rows.version = version as u64;
    read_settings(&mut tx, &mut rows).await?;
    read_providers_and_sources(&mut tx, &mut rows).await?;
    let mut symbols = Symbols::default();
    let bands = read_lists(&mut tx, &mut rows).await?;
    read_rates(&mut tx, &mut rows, &bands, &mut symbols).await?;
    read_plans(&mut tx, &mut rows).await?;
    read_accounts(&mut tx, &mut rows).await?;
    read_numbers(&mut tx, &mut rows, &mut symbols).await?;
    rows.symbols = symbols.words;
    tx.commit().await?;
    Ok(rows)
}

/// Interns qualifier words.
#[derive(Default)]
struct Symbols {
    words: Vec<String>,
    index: HashMap<String, Symbol>,
}

impl Symbols {
    fn of(&mut self, word: &str) -> Symbol {
        if let Some(symbol) = self.index.get(word) {
            return *symbol;
        }
        let symbol = Symbol(self.words.len() as u32);
        self.words.push(word.to_owned());
        self.index.insert(word.to_owned(), symbol);
        symbol
    }
}

async fn read_settings(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let zone: Option<String> = sqlx::query_scalar("SELECT zone FROM legal_entity ORDER BY id LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(zone) = zone {
        rows.entity = EntityRow { zone: parse(&zone, "legal_entity", "a time zone")? };
    }
    let settings: HashMap<String, String> = sqlx::query("SELECT key, value FROM setting")
        .fetch_all(&mut *connection)
        .await?
        .iter()
        .map(|row| (row.get("key"), row.get("value")))
        .collect();
    let text = |key: &str| settings.get(key).cloned().unwrap_or_default();
    let codes = |key: &str| {
        let text = text(key);
        let codes = text.split_whitespace().map(|code| {
            ShortCode::parse(code)
                .ok_or_else(|| inconsistent("setting", format!("{key}: `{code}` is not a code of 2 to 6 digits")))
        });
        codes.collect::<Result<Vec<_>, _>>()
    };
    let action = |key: &str| parse(&text(key), "setting", "charge, zero or suspend");
    rows.settings = EngineSettings {
        emergency: codes("numbering.emergency")?,
        short_codes: codes("numbering.short_codes")?,
        breach: BreachRules {
            client: action("lock.breach.client")?,
            operator: action("lock.breach.operator")?,
            fraud: action("lock.breach.fraud")?,
        },
    };
    let taxes = sqlx::query("SELECT valid_from, (percent * 100)::int AS basis_points FROM tax_rate WHERE category = 'standard' AND regime = 'general'")
        .fetch_all(&mut *connection)
        .await?;
    rows.taxes = taxes
        .iter()
        .map(|row| TaxRow {
            from: row.get::<NaiveDate, _>("valid_from"),
            basis_points: row.get::<i32, _>("basis_points") as u32,
        })
        .collect();
    Ok(())
}

async fn read_providers_and_sources(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let providers = sqlx::query(
        "SELECT p.id, p.code, coalesce(array_agg(t.trunk) FILTER (WHERE t.trunk IS NOT NULL), '{}') AS trunks
         FROM provider p LEFT JOIN provider_trunk t ON t.provider_id = p.id GROUP BY p.id ORDER BY p.id",
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.providers = providers
        .iter()
        .map(|row| ProviderRow { id: provider_id(row.get("id")), code: row.get("code"), trunks: row.get("trunks") })
        .collect();
    let sources = sqlx::query(
        "SELECT code, format, zone, whole_seconds, on_net, number_rules, tech_prefixes FROM source ORDER BY id",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &sources {
        let rules = NumberRules::parse(row.get("number_rules"), row.get("tech_prefixes"));
        rows.sources.push(SourceRow {
            code: row.get("code"),
            format: row.get("format"),
            zone: parse(row.get("zone"), "source", "a time zone")?,
            whole_seconds: parse(row.get("whole_seconds"), "source", "none, down, half_up or up")?,
            on_net_once: row.get::<&str, _>("on_net") == "once",
            rules: rules.map_err(|error| inconsistent("source", error.to_string()))?,
        });
    }
    Ok(())
}

/// Indices of bands by the text of their identifiers, as terms name them.
type BandIndex = HashMap<String, u32>;

async fn read_lists(connection: &mut PgConnection, rows: &mut Rows) -> Result<BandIndex, StoreError> {
    let lists = sqlx::query(
        "SELECT id, code, provider_id, currency, zone, rounding, decimals, holidays FROM price_list ORDER BY id",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut calendars: HashMap<String, Vec<i32>> = HashMap::new();
    let holidays =
        sqlx::query("SELECT calendar, day FROM holiday ORDER BY calendar, day").fetch_all(&mut *connection).await?;
    for row in &holidays {
        calendars.entry(row.get("calendar")).or_default().push(days_of(row.get("day")));
    }
    let calendars: HashMap<String, Arc<[i32]>> =
        calendars.into_iter().map(|(calendar, days)| (calendar, days.into())).collect();
    let mut holidays_of: HashMap<ListId, Arc<[i32]>> = HashMap::new();
    for row in &lists {
        if let Some(days) = row.get::<Option<&str>, _>("holidays").and_then(|calendar| calendars.get(calendar)) {
            holidays_of.insert(list_id(row.get("id")), Arc::clone(days));
        }
        rows.lists.push(ListRow {
            id: list_id(row.get("id")),
            code: row.get("code"),
            provider: row.get::<Option<i32>, _>("provider_id").map(provider_id),
            currency: currency(row.get("currency"), "price_list")?,
            zone: parse(row.get("zone"), "price_list", "a time zone")?,
            rounding: Rounding {
                mode: parse(row.get("rounding"), "price_list", "a rounding mode")?,
                decimals: row.get::<i16, _>("decimals") as u8,
            },
        });
    }
    let bands = sqlx::query(
        "SELECT id, list_id, name, priority, days, hours, dates, valid_from, valid_to FROM band ORDER BY id",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut index = HashMap::with_capacity(bands.len());
    for row in &bands {
        let id: i32 = row.get("id");
        let list = list_id(row.get("list_id"));
        index.insert(id.to_string(), rows.bands.len() as u32);
        rows.bands.push(band_of(row, holidays_of.get(&list)).ok_or_else(|| {
            inconsistent("band", format!("band {id}, whose days, hours or dates are not well formed"))
        })?);
    }
    Ok(index)
}

fn band_of(row: &PgRow, holidays: Option<&Arc<[i32]>>) -> Option<Band> {
    Some(Band {
        list: list_id(row.get("list_id")),
        name: row.get::<&str, _>("name").into(),
        priority: row.get::<i16, _>("priority") as u16,
        days: Days::parse(row.get("days"))?,
        hours: parse_hours(row.get("hours"))?.into(),
        dates: Dates::parse_all(row.get("dates"))?.into(),
        holidays: holidays.cloned().unwrap_or_else(|| Arc::from([])),
        validity: validity(row),
    })
}

async fn read_rates(
    connection: &mut PgConnection,
    rows: &mut Rows,
    bands: &BandIndex,
    symbols: &mut Symbols,
) -> Result<(), StoreError> {
    let terms = sqlx::query("SELECT * FROM rate_terms ORDER BY id").fetch_all(&mut *connection).await?;
    let mut index: HashMap<i32, u32> = HashMap::with_capacity(terms.len());
    for row in &terms {
        let id: i32 = row.get("id");
        index.insert(id, rows.rates.len() as u32);
        rows.rates.push(
            rate_of(row, bands)
                .ok_or_else(|| inconsistent("rate_terms", format!("terms {id} that are not well formed")))?,
        );
    }
    let mut lines = sqlx::postgres::PgConnection::copy_out_raw(
        connection,
        "COPY (SELECT id, list_id, prefix, terms_id, service, incoming_service, provider_id, place, origin,
                      (extract(epoch FROM valid_from) * 1000)::bigint, (extract(epoch FROM valid_to) * 1000)::bigint
               FROM rate WHERE withdrawn_in IS NULL) TO STDOUT",
    )
    .await?;
    let mut rest = Vec::new();
    while let Some(chunk) = lines.try_next().await? {
        rest.extend_from_slice(&chunk);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        for line in rest[..end].split(|byte| *byte == b'\n') {
            let row =
                rate_row(line, &index, symbols).ok_or_else(|| inconsistent("rate", String::from_utf8_lossy(line)))?;
            rows.rate_rows.push(row);
        }
        rest.drain(..=end);
    }
    Ok(())
}

/// A line of COPY: eleven fields in the order of the statement above.
fn rate_row(line: &[u8], terms: &HashMap<i32, u32>, symbols: &mut Symbols) -> Option<RateRow> {
    let mut fields = std::str::from_utf8(line).ok()?.split('\t');
    let mut next = || fields.next();
    Some(RateRow {
        id: next()?.parse().ok()?,
        list: ListId(next()?.parse().ok()?),
        prefix: parse_mask(next()?)?,
        rate: *terms.get(&next()?.parse().ok()?)?,
        qualifiers: Qualifiers {
            service: copy_value(next()?).map(|text| text.parse()).transpose().ok()?,
            incoming_service: copy_value(next()?).map(|text| symbols.of(&text)),
            provider: copy_value(next()?).map(|text| text.parse()).transpose().ok()?.map(ProviderId),
            place: copy_value(next()?).map(|text| symbols.of(&text)),
            origin: copy_value(next()?).map_or(Some(Digits::EMPTY), |text| parse_mask(&text))?,
        },
        validity: Validity {
            from_ms: copy_value(next()?).map_or(Some(i64::MIN), |text| text.parse().ok())?,
            to_ms: copy_value(next()?).map_or(Some(i64::MAX), |text| text.parse().ok())?,
        },
    })
}

fn rate_of(row: &PgRow, bands: &BandIndex) -> Option<Rate> {
    let rounding = match (row.get::<Option<&str>, _>("rounding"), row.get::<Option<i16>, _>("decimals")) {
        (Some(mode), Some(decimals)) => {
            Some(Rounding { mode: mode.parse().ok()?, decimals: u8::try_from(decimals).ok()? })
        }
        _ => None,
    };
    Rate::new(RateParts {
        tiers: parse_tiers(row.get("tiers"))?,
        bands: parse_bands(row.get("bands"), |id| bands.get(id).copied())?,
        connect_fee: money(row.get("connect_fee"))?,
        attempt_fee: money(row.get("attempt_fee"))?,
        free_s: u32::try_from(row.get::<i32, _>("free_s")).ok()?,
        minimum: money(row.get("minimum"))?,
        maximum: row.get::<Option<Decimal>, _>("maximum").map(money).map_or(Some(None), |amount| amount.map(Some))?,
        rounding,
    })
    .ok()
}

async fn read_plans(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let plans = sqlx::query("SELECT id, code, prices_incoming FROM tariff_plan ORDER BY id")
        .fetch_all(&mut *connection)
        .await?;
    rows.plans = plans
        .iter()
        .map(|row| PlanRow {
            id: plan_id(row.get("id")),
            code: row.get("code"),
            prices_incoming: row.get("prices_incoming"),
        })
        .collect();
    let layers = sqlx::query("SELECT plan_id, layer, list_id, valid_from, valid_to FROM tariff_layer")
        .fetch_all(&mut *connection)
        .await?;
    rows.layers = layers
        .iter()
        .map(|row| LayerRow {
            plan: plan_id(row.get("plan_id")),
            layer: row.get::<i16, _>("layer") as u16,
            list: list_id(row.get("list_id")),
            validity: validity(row),
        })
        .collect();
    Ok(())
}

async fn read_accounts(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let accounts = sqlx::query("SELECT id, code, client_id, currency FROM account ORDER BY id")
        .fetch_all(&mut *connection)
        .await?;
    for row in &accounts {
        rows.accounts.push(AccountRow {
            id: account_id(row.get("id")),
            code: row.get("code"),
            client: ClientId(row.get::<i64, _>("client_id") as u64),
            currency: currency(row.get("currency"), "account")?,
        });
    }
    let plans = sqlx::query("SELECT account_id, plan_id, valid_from, valid_to FROM account_plan")
        .fetch_all(&mut *connection)
        .await?;
    rows.account_plans = plans
        .iter()
        .map(|row| AccountPlanRow {
            account: account_id(row.get("account_id")),
            plan: plan_id(row.get("plan_id")),
            validity: validity(row),
        })
        .collect();
    let trunks = sqlx::query("SELECT account_id, trunk FROM account_trunk ORDER BY account_id")
        .fetch_all(&mut *connection)
        .await?;
    rows.account_trunks = trunks
        .iter()
        .map(|row| AccountTrunkRow { account: account_id(row.get("account_id")), trunk: row.get("trunk") })
        .collect();
    Ok(())
}

async fn read_numbers(connection: &mut PgConnection, rows: &mut Rows, symbols: &mut Symbols) -> Result<(), StoreError> {
    let periods = sqlx::query(
        "SELECT d.number, p.status, p.account_id, d.place, p.valid_from, p.valid_to FROM did_period p JOIN did d ON d.id = p.did_id",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &periods {
        let number: &str = row.get("number");
        rows.dids.push(DidRow {
            number: E164::parse(number).ok_or_else(|| inconsistent("did", "a number that is not E.164"))?,
            status: parse(row.get("status"), "did_period", "a state of a number")?,
            account: row.get::<Option<i64>, _>("account_id").map(account_id),
            place: row.get::<Option<&str>, _>("place").map(|place| symbols.of(place)),
            validity: validity(row),
        });
    }
    let locks =
        sqlx::query("SELECT id, account_id, mask, provider_id, origin, valid_from, valid_to FROM lock WHERE active")
            .fetch_all(&mut *connection)
            .await?;
    for row in &locks {
        rows.locks.push(LockRow {
            id: row.get::<i64, _>("id") as u64,
            account: row.get::<Option<i64>, _>("account_id").map(account_id),
            mask: parse_mask(row.get("mask")).ok_or_else(|| inconsistent("lock", "a mask that is not digits"))?,
            provider: row.get::<Option<i32>, _>("provider_id").map(provider_id),
            origin: parse(row.get("origin"), "lock", "an origin")?,
            validity: validity(row),
        });
    }
    Ok(())
}

fn parse<T: std::str::FromStr>(text: &str, table: &'static str, what: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| inconsistent(table, format!("`{text}`, which is not {what}")))
}

fn currency(text: &str, table: &'static str) -> Result<Currency, StoreError> {
    Currency::parse(text).ok_or_else(|| inconsistent(table, format!("`{text}`, which is not a currency")))
}

fn money(amount: Decimal) -> Option<Money> {
    Money::parse(&amount.normalize().to_string())
}

fn validity(row: &PgRow) -> Validity {
    let at = |column: &str| row.get::<Option<chrono::DateTime<chrono::Utc>>, _>(column).map(|at| at.timestamp_millis());
    Validity { from_ms: at("valid_from").unwrap_or(i64::MIN), to_ms: at("valid_to").unwrap_or(i64::MAX) }
}

const fn account_id(id: i64) -> AccountId {
    AccountId(id as u64)
}

const fn provider_id(id: i32) -> ProviderId {
    ProviderId(id as u32)
}

const fn list_id(id: i32) -> ListId {
    ListId(id as u32)
}

const fn plan_id(id: i32) -> PlanId {
    PlanId(id as u32)
}
