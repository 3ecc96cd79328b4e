//! What is kept for groups of clients: tariff plans, payment methods, templates of contracts (B10, B31, B32).
//!
//! Owns: table `group_restriction`; whether something is open to a client, and what is offered to him.
//! Does not own: groups and their members (`terms`), payment methods (`payment_methods`), templates (`contracts`), who orders what (the rooms ask here).
//! Always: what is kept for no group is open to everybody; a membership counts at the moment that is asked about; a restriction is ended, never erased.

mod listed;
mod offers;
mod restrict;

pub(crate) use listed::{group_filter, groups_column};
pub(crate) use offers::offered_to;
pub use offers::{MethodOffer, PlanOffer, TemplateOffer, methods_for, offered, plans_for, templates_for};
pub(crate) use restrict::groups_of;
pub use restrict::{plan_groups, restrict};

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::store::StoreError;

/// Something that may be kept for groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thing {
    /// A tariff plan.
    Plan,
    /// A payment method.
    PaymentMethod,
    /// A template of contracts.
    ContractTemplate,
}

impl Thing {
    const fn table(self) -> &'static str {
        match self {
            Self::Plan => "tariff_plan",
            Self::PaymentMethod => "payment_method",
            Self::ContractTemplate => "contract_template",
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Plan => "plan_id",
            Self::PaymentMethod => "payment_method_id",
            Self::ContractTemplate => "contract_template_id",
        }
    }

    /// What stands of it, where rows may be closed.
    const fn standing(self) -> &'static str {
        match self {
            Self::Plan => "true",
            Self::PaymentMethod => "x.active AND x.closed_at IS NULL",
            Self::ContractTemplate => "x.closed_at IS NULL",
        }
    }
}

/// Why something is not open, or stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum AvailabilityError {
    /// No such plan, method or template, or it is closed.
    #[error("there is no such record")]
    NotFound,
    /// No such client.
    #[error("there is no client {0}")]
    NoClient(String),
    /// No such group, or it is closed.
    #[error("there is no group {0}")]
    NoGroup(String),
    /// It is kept for groups that the client is not in.
    #[error("{0:?} is not available to the client")]
    NotAvailable(Thing),
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AvailabilityError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Whether a client may have a tariff plan at a moment.
pub(crate) async fn plan(
    connection: &mut PgConnection,
    client_id: i64,
    plan_id: i32,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    is_open(connection, Thing::Plan, client_id, plan_id, at).await
}

/// Whether a client may pay by a method at a moment.
pub(crate) async fn payment_method(
    connection: &mut PgConnection,
    client_id: i64,
    method_id: i32,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    is_open(connection, Thing::PaymentMethod, client_id, method_id, at).await
}

/// Whether a client may have a contract of a template at a moment.
pub(crate) async fn contract_template(
    connection: &mut PgConnection,
    client_id: i64,
    template_id: i32,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    is_open(connection, Thing::ContractTemplate, client_id, template_id, at).await
}

async fn is_open(
    connection: &mut PgConnection,
    thing: Thing,
    client_id: i64,
    id: i32,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = format!("SELECT {}", open(thing, "$3::integer"));
    let is_open =
        sqlx::query_scalar(AssertSqlSafe(sql)).bind(client_id).bind(at).bind(id).fetch_one(connection).await?;
    Ok(is_open)
}

/// The condition that the thing with the identifier `id` is open to the client `$1` at the moment `$2`.
fn open(thing: Thing, id: &str) -> String {
    let column = thing.column();
    let kept = format!("r.{column} = {id} AND r.valid_from <= $2 AND $2 < coalesce(r.ended_at, 'infinity')");
    format!(
        "(NOT EXISTS (SELECT FROM group_restriction r WHERE {kept})
          OR EXISTS (SELECT FROM group_restriction r JOIN client_group_member m ON m.group_id = r.group_id
                     WHERE {kept} AND m.client_id = $1 AND coalesce(m.valid_from, '-infinity') <= $2
                           AND $2 < coalesce(least(m.valid_to, m.ended_at), 'infinity')))"
    )
}
