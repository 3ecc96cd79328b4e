//! Destination groups, volumes of lists, bundles of plans.

use std::collections::HashMap;

use numbering::parse_mask;
use rating::rows::{BundleRow, CounterId, DestinationGroupRow, Rows, VolumeRow};
use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::{inconsistent, list_id, parse, plan_id, validity};
use crate::store::StoreError;

/// Indices of volumes by their identifiers, as terms name them.
pub(crate) type VolumeIndex = HashMap<i32, u32>;

pub(crate) async fn read_volumes(connection: &mut PgConnection, rows: &mut Rows) -> Result<VolumeIndex, StoreError> {
    let found = sqlx::query(
        "SELECT id, list_id, code, period FROM counter
         WHERE kind = 'volume' AND published_in <= $1 AND (withdrawn_in IS NULL OR withdrawn_in > $1) ORDER BY id",
    )
    .bind(rows.version as i64)
    .fetch_all(&mut *connection)
    .await?;
    let mut index = VolumeIndex::new();
    for row in &found {
        let id: i32 = row.get("id");
        index.insert(id, rows.volumes.len() as u32);
        rows.volumes.push(VolumeRow {
            id: CounterId(id as u32),
            list: list_id(row.get("list_id")),
            code: row.get("code"),
            period: parse(row.get("period"), "counter", "day, week or month")?,
        });
    }
    Ok(index)
}

pub(super) async fn read_bundles(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let groups = sqlx::query(
        "SELECT g.id, g.code, array_agg(p.prefix) AS prefixes FROM destination_group g
         JOIN destination_group_prefix p ON p.group_id = g.id GROUP BY g.id ORDER BY g.id",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut index: HashMap<i32, u32> = HashMap::new();
    for row in &groups {
        let prefixes: Vec<String> = row.get("prefixes");
        let prefixes = prefixes.iter().map(|prefix| {
            parse_mask(prefix).ok_or_else(|| inconsistent("destination_group_prefix", format!("`{prefix}`")))
        });
        index.insert(row.get("id"), rows.destination_groups.len() as u32);
        rows.destination_groups
            .push(DestinationGroupRow { code: row.get("code"), prefixes: prefixes.collect::<Result<_, _>>()? });
    }
    let bundles = sqlx::query(
        "SELECT id, plan_id, code, priority, units, period, keeps, waives_connect_fee, services, destination_group_id, valid_from, valid_to
         FROM counter WHERE kind = 'bundle' AND published_in <= $1 AND (withdrawn_in IS NULL OR withdrawn_in > $1) ORDER BY id",
    )
    .bind(rows.version as i64)
    .fetch_all(&mut *connection)
    .await?;
    for row in &bundles {
        let services: String = row.get("services");
        let services = services.split_ascii_whitespace().map(|word| parse(word, "counter", "a service"));
        let group: Option<i32> = row.get("destination_group_id");
        let destinations = group.map(|id| {
            // A group without prefixes is joined away: it would cover nothing.
            index
                .get(&id)
                .copied()
                .ok_or_else(|| inconsistent("destination_group", format!("group {id} without prefixes")))
        });
        rows.bundles.push(BundleRow {
            id: CounterId(row.get::<i32, _>("id") as u32),
            plan: plan_id(row.get("plan_id")),
            code: row.get("code"),
            priority: row.get::<i32, _>("priority") as u16,
            units: row.get::<i64, _>("units") as u64,
            period: parse(row.get("period"), "counter", "day, week or month")?,
            keeps: row.get::<i16, _>("keeps") as u16,
            waives_connect_fee: row.get("waives_connect_fee"),
            services: services.collect::<Result<_, _>>()?,
            destinations: destinations.transpose()?,
            validity: validity(row),
        });
    }
    Ok(())
}
