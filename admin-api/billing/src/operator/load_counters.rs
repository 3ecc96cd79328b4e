//! Loading destination groups, volumes and bundles.

use sqlx::postgres::PgConnection;

use super::Operator;
use super::copy::Copy;
use super::load::{LoadError, from_text, to_text};

/// The columns of `counter` that both kinds fill.
const COLUMNS: &str = "counter (id, kind, code, period, list_id, plan_id, priority, units, keeps, waives_connect_fee, services, destination_group_id, valid_from, valid_to)";

/// Volumes of lists: before the terms that name them.
pub(super) async fn load_volumes(
    connection: &mut PgConnection,
    operator: &Operator,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<(), LoadError> {
    let mut copy = Copy::begin(connection, COLUMNS, progress).await?;
    for row in &operator.rows.volumes {
        let (id, list) = (row.id.0.to_string(), row.list.0.to_string());
        let mut line = [None; 14];
        line[..5].copy_from_slice(&[
            Some(id.as_str()),
            Some("volume"),
            Some(&row.code),
            Some(row.period.as_str()),
            Some(&list),
        ]);
        copy.line(&line).await?;
    }
    Ok(copy.end().await?)
}

/// Destination groups, and the bundles that name them: after the plans.
pub(super) async fn load_bundles(
    connection: &mut PgConnection,
    operator: &Operator,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<(), LoadError> {
    let rows = &operator.rows;
    let mut copy = Copy::begin(connection, "destination_group (id, code)", progress).await?;
    for (index, group) in rows.destination_groups.iter().enumerate() {
        copy.line(&[Some(&(index + 1).to_string()), Some(&group.code)]).await?;
    }
    copy.end().await?;
    let mut copy = Copy::begin(connection, "destination_group_prefix (group_id, prefix)", progress).await?;
    for (index, group) in rows.destination_groups.iter().enumerate() {
        for prefix in &group.prefixes {
            copy.line(&[Some(&(index + 1).to_string()), Some(&format!("{prefix:?}"))]).await?;
        }
    }
    copy.end().await?;
    let mut copy = Copy::begin(connection, COLUMNS, progress).await?;
    for row in &rows.bundles {
        let services: Vec<&str> = row.services.iter().map(|service| service.as_str()).collect();
        copy.line(&[
            Some(&row.id.0.to_string()),
            Some("bundle"),
            Some(&row.code),
            Some(row.period.as_str()),
            None,
            Some(&row.plan.0.to_string()),
            Some(&row.priority.to_string()),
            Some(&row.units.to_string()),
            Some(&row.keeps.to_string()),
            Some(if row.waives_connect_fee { "t" } else { "f" }),
            Some(&services.join(" ")),
            row.destinations.map(|group| (group + 1).to_string()).as_deref(),
            from_text(row.validity).as_deref(),
            to_text(row.validity).as_deref(),
        ])
        .await?;
    }
    Ok(copy.end().await?)
}
