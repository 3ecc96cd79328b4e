//! Files of the registry become parties (S1).
//!
//! Owns: the steps from the bytes of a file to the rows of `party`.
//! Does not own: what a cell may be (`sheet`), encodings (`price_lists::read_sheet`).
//! Always: one transaction, all rows or none; a party is found by INN and KPP; columns that the file does not have stay as they are; status, termination and
//! registration are those of the INN, with whatever KPP; a change of status or termination leaves an audit line of its party, the import as a whole one of its
//! own.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde_json::json;
use sqlx::Row as _;

use super::faults::Faults;
use super::sheet::{self, Column, Row, Titles, TitlesError};
use crate::change::Change;
use crate::price_lists::{SheetError, SheetOptions, read_sheet};
use crate::store::StoreError;

/// Rows of one statement.
const PORTION: usize = 5_000;

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no sheet.
    #[error("the file is no sheet: {0:?}")]
    Sheet(SheetError),
    /// Its titles do not fit.
    #[error("the titles do not fit: {0:?}")]
    Titles(Vec<TitlesError>),
    /// Rows have faults.
    #[error("{} rows have faults", .0.count)]
    Faults(Faults),
    /// Reading the file broke off.
    #[error("reading the file broke off")]
    BrokeOff,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ImportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a file did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows of the file.
    pub rows: usize,
    /// Parties that were not there.
    pub new: usize,
    /// Parties that changed.
    pub changed: usize,
    /// Parties that were so already.
    pub same: usize,
    /// Of those that changed: their status.
    pub status_changes: usize,
}

/// Takes a file, CSV (UTF-8, UTF-16 or Windows-1251) or XLSX, under the name `file`.
pub async fn import(
    change: &mut Change,
    file: &str,
    bytes: Vec<u8>,
    options: SheetOptions,
    reason: &str,
) -> Result<Imported, ImportError> {
    let work = move || -> Result<(Vec<Row>, Presence), ImportError> {
        let sheet = read_sheet(&bytes, &options).map_err(ImportError::Sheet)?;
        let titles = Titles::read(&sheet).map_err(ImportError::Titles)?;
        let rows = sheet::rows(&sheet, &titles).map_err(ImportError::Faults)?;
        Ok((rows, Presence::of(&titles)))
    };
    let (rows, presence) = tokio::task::spawn_blocking(work).await.map_err(|_| ImportError::BrokeOff)??;
    let mut done = Imported { rows: rows.len(), ..Imported::default() };
    for portion in rows.chunks(PORTION) {
        write(change, portion, &presence, &mut done, reason).await?;
    }
    spread(change, &rows, &presence, &mut done, reason).await?;
    let counts = json!({
        "rows": done.rows, "new": done.new, "changed": done.changed, "same": done.same, "status_changes": done.status_changes,
    });
    change.record("party.import", "party", file, &json!(null), &counts, reason);
    Ok(done)
}

/// Which of the columns that a file may lack it has, in the order in which the statement asks.
struct Presence(Vec<bool>);

impl Presence {
    fn of(titles: &Titles) -> Self {
        use Column::{City, Email, LegalAddress, Ogrn, Phone, Region, RegisteredAt, TerminationDate};
        let asked = [Ogrn, Region, City, LegalAddress, TerminationDate, RegisteredAt, Phone, Email];
        Self(asked.into_iter().map(|column| titles.has(column)).collect())
    }
}

/// How a party stands in the registry.
#[derive(PartialEq, Eq)]
struct Standing {
    status: String,
    termination_date: Option<NaiveDate>,
}

async fn write(
    change: &mut Change,
    rows: &[Row],
    presence: &Presence,
    done: &mut Imported,
    reason: &str,
) -> Result<(), ImportError> {
    let now = change.now();
    let inns: Vec<&str> = rows.iter().map(|row| row.inn.as_str()).collect();
    let kpps: Vec<Option<&str>> = rows.iter().map(|row| row.kpp.as_deref()).collect();
    // In one order, so that two files at once wait for each other and do not lock each other up.
    let held = sqlx::query(
        "SELECT p.id, p.registry_status, p.termination_date FROM party p
         JOIN unnest($1::text[], $2::text[]) AS g (inn, kpp) ON p.inn = g.inn AND coalesce(p.kpp, '') = coalesce(g.kpp, '')
         ORDER BY p.id FOR NO KEY UPDATE OF p",
    )
    .bind(&inns)
    .bind(&kpps)
    .fetch_all(change.connection())
    .await?;
    let before: HashMap<i64, Standing> = held
        .iter()
        .map(|row| {
            let before = Standing { status: row.get("registry_status"), termination_date: row.get("termination_date") };
            (row.get("id"), before)
        })
        .collect();
    let text = |field: fn(&Row) -> &str| rows.iter().map(field).collect::<Vec<&str>>();
    let optional = |field: fn(&Row) -> Option<&str>| rows.iter().map(field).collect::<Vec<Option<&str>>>();
    let day = |field: fn(&Row) -> Option<NaiveDate>| rows.iter().map(field).collect::<Vec<Option<NaiveDate>>>();
    let written = sqlx::query(
        "INSERT INTO party AS p (inn, kpp, kind, name, ogrn, region, city, legal_address, registry_status, termination_date, registered_at, phone, email,
             created_at, status_at, updated_at, updated_from)
         SELECT g.*, $15, $15, $15, 'registry'
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::date[], $11::date[],
                     $12::text[], $13::text[]) AS g (inn, kpp, kind, name, ogrn, region, city, legal_address, status, termination_date, registered_at, phone, email)
         ON CONFLICT (inn, coalesce(kpp, '')) WHERE inn IS NOT NULL DO UPDATE SET
             kind = excluded.kind, name = excluded.name,
             ogrn = CASE WHEN excluded.kind = 'natural' THEN NULL WHEN ($14::boolean[])[1] THEN excluded.ogrn ELSE p.ogrn END,
             region = CASE WHEN ($14::boolean[])[2] THEN excluded.region ELSE p.region END,
             city = CASE WHEN ($14::boolean[])[3] THEN excluded.city ELSE p.city END,
             legal_address = CASE WHEN ($14::boolean[])[4] THEN excluded.legal_address ELSE p.legal_address END,
             registry_status = excluded.registry_status,
             status_at = CASE WHEN p.registry_status = excluded.registry_status THEN p.status_at ELSE excluded.status_at END,
             termination_date = CASE WHEN ($14::boolean[])[5] THEN excluded.termination_date ELSE p.termination_date END,
             registered_at = CASE WHEN ($14::boolean[])[6] THEN excluded.registered_at ELSE p.registered_at END,
             phone = CASE WHEN ($14::boolean[])[7] THEN excluded.phone ELSE p.phone END,
             email = CASE WHEN ($14::boolean[])[8] THEN excluded.email ELSE p.email END,
             updated_at = excluded.updated_at, updated_from = excluded.updated_from, revision = p.revision + 1
         WHERE (p.kind, p.name, p.registry_status) IS DISTINCT FROM (excluded.kind, excluded.name, excluded.registry_status)
             OR (($14::boolean[])[1] AND excluded.kind <> 'natural' AND p.ogrn IS DISTINCT FROM excluded.ogrn)
             OR (($14::boolean[])[2] AND p.region <> excluded.region) OR (($14::boolean[])[3] AND p.city <> excluded.city)
             OR (($14::boolean[])[4] AND p.legal_address <> excluded.legal_address)
             OR (($14::boolean[])[5] AND p.termination_date IS DISTINCT FROM excluded.termination_date)
             OR (($14::boolean[])[6] AND p.registered_at IS DISTINCT FROM excluded.registered_at)
             OR (($14::boolean[])[7] AND p.phone IS DISTINCT FROM excluded.phone) OR (($14::boolean[])[8] AND p.email IS DISTINCT FROM excluded.email)
         RETURNING p.id, p.registry_status, p.termination_date",
    )
    .bind(&inns)
    .bind(&kpps)
    .bind(text(|row| row.kind.as_str()))
    .bind(text(|row| row.name.as_str()))
    .bind(optional(|row| row.ogrn.as_deref()))
    .bind(text(|row| row.region.as_str()))
    .bind(text(|row| row.city.as_str()))
    .bind(text(|row| row.legal_address.as_str()))
    .bind(text(|row| row.status.as_str()))
    .bind(day(|row| row.termination_date))
    .bind(day(|row| row.registered_at))
    .bind(optional(|row| row.phone.as_deref()))
    .bind(optional(|row| row.email.as_deref()))
    .bind(&presence.0)
    .bind(now)
    .fetch_all(change.connection())
    .await?;
    done.same += rows.len() - written.len();
    for row in &written {
        let id: i64 = row.get("id");
        let Some(before) = before.get(&id) else {
            done.new += 1;
            continue;
        };
        done.changed += 1;
        let after = Standing { status: row.get("registry_status"), termination_date: row.get("termination_date") };
        done.status_changes += usize::from(after.status != before.status);
        record(change, id, before, &after, reason);
    }
    Ok(())
}

/// Leaves a line of how a party stands, where that changed.
fn record(change: &mut Change, id: i64, before: &Standing, after: &Standing, reason: &str) {
    if before != after {
        let shown =
            |standing: &Standing| json!({"status": standing.status, "termination_date": standing.termination_date});
        change.record("party.status", "party", id, &shown(before), &shown(after), reason);
    }
}

/// Whoever has the INN of a row with a KPP that the file does not name stands as the first row of this INN says. Names and addresses are its own.
async fn spread(
    change: &mut Change,
    rows: &[Row],
    presence: &Presence,
    done: &mut Imported,
    reason: &str,
) -> Result<(), ImportError> {
    let mut companies: Vec<&Row> = rows.iter().filter(|row| row.kpp.is_some()).collect();
    companies.sort_by_key(|row| row.inn.as_str());
    let mut rest = companies.as_slice();
    while !rest.is_empty() {
        let mut length = rest.len().min(PORTION);
        // Rows of one INN stay together.
        while length < rest.len() && rest[length].inn == rest[length - 1].inn {
            length += 1;
        }
        let (portion, others) = rest.split_at(length);
        spread_some(change, portion, presence, done, reason).await?;
        rest = others;
    }
    Ok(())
}

async fn spread_some(
    change: &mut Change,
    rows: &[&Row],
    presence: &Presence,
    done: &mut Imported,
    reason: &str,
) -> Result<(), ImportError> {
    let now = change.now();
    let written = sqlx::query(
        "WITH listed AS (
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[]) WITH ORDINALITY AS g (inn, kpp, status, terminated, registered, place)
         ), said AS (
             SELECT DISTINCT ON (inn) inn, status, terminated, registered FROM listed ORDER BY inn, place
         ), others AS (
             SELECT p.id, p.registry_status AS status_before, p.termination_date AS terminated_before, s.status, s.terminated, s.registered
             FROM party p JOIN said s ON s.inn = p.inn
             WHERE NOT EXISTS (SELECT FROM listed l WHERE l.inn = p.inn AND l.kpp = coalesce(p.kpp, ''))
                   AND (p.registry_status <> s.status OR ($6::boolean[])[5] AND p.termination_date IS DISTINCT FROM s.terminated
                        OR ($6::boolean[])[6] AND p.registered_at IS DISTINCT FROM s.registered)
             ORDER BY p.id FOR NO KEY UPDATE OF p
         )
         UPDATE party p SET registry_status = o.status, status_at = CASE WHEN o.status_before = o.status THEN p.status_at ELSE $7 END,
             termination_date = CASE WHEN ($6::boolean[])[5] THEN o.terminated ELSE p.termination_date END,
             registered_at = CASE WHEN ($6::boolean[])[6] THEN o.registered ELSE p.registered_at END,
             updated_at = $7, updated_from = 'registry', revision = p.revision + 1
         FROM others o WHERE p.id = o.id
         RETURNING p.id, o.status_before, o.terminated_before, p.registry_status, p.termination_date",
    )
    .bind(rows.iter().map(|row| row.inn.as_str()).collect::<Vec<&str>>())
    .bind(rows.iter().map(|row| row.kpp.as_deref()).collect::<Vec<Option<&str>>>())
    .bind(rows.iter().map(|row| row.status.as_str()).collect::<Vec<&str>>())
    .bind(rows.iter().map(|row| row.termination_date).collect::<Vec<Option<NaiveDate>>>())
    .bind(rows.iter().map(|row| row.registered_at).collect::<Vec<Option<NaiveDate>>>())
    .bind(&presence.0)
    .bind(now)
    .fetch_all(change.connection())
    .await?;
    for row in &written {
        let before = Standing { status: row.get("status_before"), termination_date: row.get("terminated_before") };
        let after = Standing { status: row.get("registry_status"), termination_date: row.get("termination_date") };
        done.changed += 1;
        done.status_changes += usize::from(after.status != before.status);
        record(change, row.get("id"), &before, &after, reason);
    }
    Ok(())
}
