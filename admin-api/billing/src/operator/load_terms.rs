//! Loading what clients have of their own.

use rating::rows::Holder;
use rating::terms::percent_text;
use sqlx::postgres::PgConnection;

use super::Operator;
use super::copy::Copy;
use super::load::{LoadError, from_text, to_text};

/// Groups with their members, discounts, exchange rates, taxes.
pub(super) async fn load_terms(
    connection: &mut PgConnection,
    operator: &Operator,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<(), LoadError> {
    let rows = &operator.rows;
    let mut copy = Copy::begin(connection, "client_group (id, code)", progress).await?;
    for (index, code) in operator.groups.iter().enumerate() {
        copy.line(&[Some(&(index + 1).to_string()), Some(code)]).await?;
    }
    copy.end().await?;
    let columns = "client_group_member (group_id, client_id, valid_from, valid_to)";
    let mut copy = Copy::begin(connection, columns, progress).await?;
    for row in &rows.members {
        let (from, to) = (from_text(row.validity), to_text(row.validity));
        copy.line(&[Some(&row.group.0.to_string()), Some(&row.client.0.to_string()), from.as_deref(), to.as_deref()])
            .await?;
    }
    copy.end().await?;
    let columns =
        "discount (id, level, account_id, client_id, group_id, percent, service, prefix, valid_from, valid_to, name)";
    let mut copy = Copy::begin(connection, columns, progress).await?;
    for (row, name) in rows.discounts.iter().zip(&operator.discounts) {
        let [account, client, group] = holder(row.holder);
        copy.line(&[
            Some(&row.id.to_string()),
            Some(row.level.as_str()),
            account.as_deref(),
            client.as_deref(),
            group.as_deref(),
            Some(&percent_text(row.basis_points)),
            row.service.map(rating::Service::as_str),
            (!row.prefix.is_empty()).then(|| format!("{:?}", row.prefix)).as_deref(),
            from_text(row.validity).as_deref(),
            to_text(row.validity).as_deref(),
            Some(name),
        ])
        .await?;
    }
    copy.end().await?;
    let columns = "exchange_rate (id, client_id, group_id, currency_from, currency_to, rate, quantity, valid_from)";
    let mut copy = Copy::begin(connection, columns, progress).await?;
    for row in &rows.exchanges {
        let [_, client, group] = holder(row.holder);
        copy.line(&[
            Some(&row.id.to_string()),
            client.as_deref(),
            group.as_deref(),
            Some(row.from.as_str()),
            Some(row.to.as_str()),
            Some(&row.rate.to_string()),
            Some(&row.quantity.to_string()),
            Some(&row.day.to_string()),
        ])
        .await?;
    }
    copy.end().await?;
    let columns = "client_tax (client_id, percent, valid_from, valid_to, reason)";
    let mut copy = Copy::begin(connection, columns, progress).await?;
    for (row, reason) in rows.client_taxes.iter().zip(&operator.client_taxes) {
        copy.line(&[
            Some(&row.client.0.to_string()),
            Some(&percent_text(row.basis_points)),
            from_text(row.validity).as_deref(),
            to_text(row.validity).as_deref(),
            Some(reason),
        ])
        .await?;
    }
    Ok(copy.end().await?)
}

/// (account, client, group) as columns.
fn holder(holder: Holder) -> [Option<String>; 3] {
    match holder {
        Holder::Everybody => [None, None, None],
        Holder::Group(group) => [None, None, Some(group.0.to_string())],
        Holder::Client(client) => [None, Some(client.0.to_string()), None],
        Holder::Account(account) => [Some(account.0.to_string()), None, None],
    }
}
