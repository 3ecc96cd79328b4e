//! The part of the catalogue that charges were priced by, as of the version that they name.

use std::collections::{BTreeSet, HashMap};

use numbering::{Digits, E164, NumberingPlan, parse_mask};
use rating::list::Qualifiers;
use rating::replay::StoredCharge;
use rating::rows::{ListId, ProviderId, RateRow, Rows};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::counters::VolumeIndex;
use super::parties::{History, Owners};
use super::tariffs::{BandIndex, rate_of};
use super::{Symbols, inconsistent, list_id, parse, provider_id, validity};
use crate::store::{BEGIN_A_LOOK, Store, StoreError};

/// What some charges of one version have in common.
#[derive(Clone, Debug, Default)]
pub struct Charged {
    accounts: BTreeSet<i64>,
    providers: BTreeSet<u32>,
    prefixes: BTreeSet<String>,
}

impl Charged {
    /// What these charges were priced by; `numbering` says as whose number a ported one is priced.
    pub fn of<'a>(charges: impl IntoIterator<Item = &'a StoredCharge>, numbering: &NumberingPlan) -> Self {
        let mut common = Self::default();
        for charge in charges {
            common.accounts.extend(charge.account.map(|account| account.0 as i64));
            common.providers.extend(charge.provider.map(|provider| provider.0));
            common.number(charge.number);
            if let Some(number) = E164::new(charge.number) {
                let matched = numbering.matched_as(number);
                if matched != charge.number {
                    common.number(matched);
                }
            }
        }
        common
    }

    fn number(&mut self, number: Digits) {
        // A short code is matched whole.
        let shortest = if number.is_short() { number.len() } else { 1 };
        self.prefixes.extend((shortest..=number.len()).map(|len| format!("{:?}", number.truncated(len))));
    }
}

/// Reads what these charges were priced by, as of a version of the catalogue.
pub async fn read_rows_of(store: &Store, version: u64, charged: Charged) -> Result<Rows, StoreError> {
    let mut tx = store.begin_with(BEGIN_A_LOOK).await?;
    let mut rows = Rows::empty();
    rows.version = version;
    let of = Owners::these(charged.accounts.into_iter().collect());
    let prefixes: Vec<String> = charged.prefixes.into_iter().collect();
    super::read_settings(&mut tx, &mut rows).await?;
    super::read_providers_and_sources(&mut tx, &mut rows).await?;
    let bands = super::tariffs::read_lists(&mut tx, &mut rows).await?;
    let volumes = super::counters::read_volumes(&mut tx, &mut rows).await?;
    super::tariffs::read_plans(&mut tx, &mut rows).await?;
    super::counters::read_bundles(&mut tx, &mut rows).await?;
    super::parties::read_accounts(&mut tx, &mut rows, &of).await?;
    super::terms::read_common_terms(&mut tx, &mut rows).await?;
    super::terms::read_own_terms(&mut tx, &mut rows, &of).await?;
    super::parties::read_local_locks(&mut tx, &mut rows, &of, History::Whole).await?;
    super::parties::read_global_locks(&mut tx, &mut rows, Some(&prefixes)).await?;
    let lists = lists_of(&rows, &charged.providers);
    let mut symbols = Symbols::default();
    read_rates(&mut tx, &mut rows, (&bands, &volumes), &mut symbols, (&lists, &prefixes)).await?;
    rows.symbols = symbols.words;
    tx.commit().await?;
    Ok(rows)
}

/// The lists that price the charges: those of the accounts' plans and of the providers.
fn lists_of(rows: &Rows, providers: &BTreeSet<u32>) -> Vec<i32> {
    let plans: BTreeSet<_> = rows.account_plans.iter().map(|row| row.plan).collect();
    let retail = rows.layers.iter().filter(|layer| plans.contains(&layer.plan)).map(|layer| layer.list);
    let is_of_them = |provider: Option<ProviderId>| provider.is_some_and(|provider| providers.contains(&provider.0));
    let wholesale = rows.lists.iter().filter(|list| is_of_them(list.provider)).map(|list| list.id);
    let lists: BTreeSet<ListId> = retail.chain(wholesale).collect();
    lists.into_iter().map(|list| list.0 as i32).collect()
}

/// The rows of some lists that begin some numbers, as of the version of `rows`, with their terms.
async fn read_rates(
    connection: &mut PgConnection,
    rows: &mut Rows,
    (bands, volumes): (&BandIndex, &VolumeIndex),
    symbols: &mut Symbols,
    (lists, prefixes): (&[i32], &[String]),
) -> Result<(), StoreError> {
    let lines = sqlx::query(
        "SELECT id, list_id, prefix, terms_id, service, incoming_service, provider_id, place, origin, valid_from, valid_to FROM rate
         WHERE prefix = ANY($1) AND list_id = ANY($2) AND published_in <= $3 AND (withdrawn_in IS NULL OR withdrawn_in > $3)",
    )
    .bind(prefixes)
    .bind(lists)
    .bind(rows.version as i64)
    .fetch_all(&mut *connection)
    .await?;
    let wanted: BTreeSet<i32> = lines.iter().map(|row| row.get("terms_id")).collect();
    let terms = sqlx::query("SELECT * FROM rate_terms WHERE id = ANY($1)")
        .bind(wanted.into_iter().collect::<Vec<_>>())
        .fetch_all(&mut *connection)
        .await?;
    let mut index: HashMap<i32, u32> = HashMap::with_capacity(terms.len());
    for row in &terms {
        let id: i32 = row.get("id");
        let rate = rate_of(row, bands, volumes);
        index.insert(id, rows.rates.len() as u32);
        rows.rates
            .push(rate.ok_or_else(|| inconsistent("rate_terms", format!("terms {id} that are not well formed")))?);
    }
    for line in &lines {
        rows.rate_rows.push(rate_row(line, &index, symbols)?);
    }
    Ok(())
}

fn rate_row(row: &PgRow, terms: &HashMap<i32, u32>, symbols: &mut Symbols) -> Result<RateRow, StoreError> {
    let id: i64 = row.get("id");
    let strange = |what: &str| inconsistent("rate", format!("row {id} with {what}"));
    let mut symbol = |column: &str| row.get::<Option<&str>, _>(column).map(|word| symbols.of(word));
    Ok(RateRow {
        id: id as u64,
        list: list_id(row.get("list_id")),
        prefix: parse_mask(row.get("prefix")).ok_or_else(|| strange("a prefix that is not digits"))?,
        rate: *terms.get(&row.get("terms_id")).ok_or_else(|| strange("terms that are not there"))?,
        qualifiers: Qualifiers {
            service: row.get::<Option<&str>, _>("service").map(|word| parse(word, "rate", "a service")).transpose()?,
            incoming_service: symbol("incoming_service"),
            provider: row.get::<Option<i32>, _>("provider_id").map(provider_id),
            place: symbol("place"),
            origin: row
                .get::<Option<&str>, _>("origin")
                .map_or(Some(Digits::EMPTY), parse_mask)
                .ok_or_else(|| strange("an origin that is not digits"))?,
        },
        validity: validity(row),
    })
}

/// The versions in which something that prices calls was published or withdrawn, ascending: between two of them every version is the same.
pub async fn changes(store: &Store) -> Result<Vec<u64>, StoreError> {
    let versions: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT version FROM (
             SELECT published_in FROM rate UNION SELECT withdrawn_in FROM rate
             UNION SELECT published_in FROM tariff_layer UNION SELECT withdrawn_in FROM tariff_layer
             UNION SELECT published_in FROM account_plan UNION SELECT withdrawn_in FROM account_plan
             UNION SELECT published_in FROM counter UNION SELECT withdrawn_in FROM counter
         ) AS changes (version) WHERE version IS NOT NULL ORDER BY version",
    )
    .fetch_all(store.pool())
    .await?;
    Ok(versions.into_iter().map(|version| version as u64).collect())
}
