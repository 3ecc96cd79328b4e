//! Endpoints of what is kept for groups of clients, and of what is offered to a client (B10, B31, B32).
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: what is open to whom (`billing::availability`).
//! Always: what is kept for others is not in a list, and is refused where it is asked for.

pub(crate) mod method_list;
pub(crate) mod method_offer;
pub(crate) mod plan_groups_get;
pub(crate) mod plan_groups_set;
pub(crate) mod plan_list;
pub(crate) mod plan_offer;
pub(crate) mod template_list;

use std::collections::BTreeSet;

use axum::response::Response;
use billing::availability::{self, AvailabilityError, Thing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::routes::clients::no_client;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Most groups that something is kept for.
const GROUPS_MAX: usize = 100;

/// For which groups something is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedGroups {
    /// Codes of all groups that it is kept for; none: it is open to everybody.
    groups: Vec<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

impl WantedGroups {
    /// The codes, each once.
    fn codes(&self) -> Result<BTreeSet<String>, Problem> {
        if self.groups.len() > GROUPS_MAX {
            let detail = Text::new(format!("Не больше {GROUPS_MAX} групп"), format!("At most {GROUPS_MAX} groups"));
            return Err(Problem::new(Code::LimitTooLarge).at("/groups", detail));
        }
        self.groups.iter().map(|code| inputs::word("/groups", code).map(str::to_owned)).collect()
    }
}

/// For which groups something is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeptFor {
    /// Its code.
    code: String,
    /// Codes of the groups that it is kept for; none: it is open to everybody.
    groups: Vec<String>,
}

/// Keeps the thing with this code for the groups that a request wants: `operation`, the code and the body are what an `Idempotency-Key` is bound to.
pub(crate) async fn keep(
    state: &AppState,
    context: &CallContext,
    (operation, thing): (&str, Thing),
    code: String,
    body: &JsonBody<WantedGroups>,
) -> Result<Response, Problem> {
    let wanted = body.value.codes()?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency(operation, &code, &body.bytes);
    let mut change = match writes::begin(state, context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let groups = availability::restrict(&mut change, thing, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &KeptFor { code, groups }).await
}

/// Something that is open to a client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Offered {
    /// Code of the client.
    client: String,
    /// Its code.
    code: String,
    /// Always true: what is not available is refused.
    available: bool,
}

impl From<AvailabilityError> for Problem {
    fn from(error: AvailabilityError) -> Self {
        match error {
            AvailabilityError::NotFound => Self::new(Code::NotFound),
            AvailabilityError::NoClient(code) => no_client(&code),
            AvailabilityError::NoGroup(code) => Self::field(
                "/groups",
                Text::new(
                    format!("Группы {code} нет или она закрыта"),
                    format!("There is no group {code}, or it is closed"),
                ),
            ),
            AvailabilityError::NotAvailable(thing) => Self::new(match thing {
                Thing::Plan => Code::TariffNotAvailable,
                Thing::PaymentMethod => Code::PaymentMethodNotAvailable,
                Thing::ContractTemplate => Code::TemplateNotAvailable,
            }),
            AvailabilityError::Stale => Self::new(Code::Stale),
            AvailabilityError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (AvailabilityError::NotFound, Code::NotFound),
            (AvailabilityError::NoClient("c".into()), Code::NotFound),
            (AvailabilityError::NoGroup("g".into()), Code::Validation),
            (AvailabilityError::NotAvailable(Thing::Plan), Code::TariffNotAvailable),
            (AvailabilityError::NotAvailable(Thing::PaymentMethod), Code::PaymentMethodNotAvailable),
            (AvailabilityError::NotAvailable(Thing::ContractTemplate), Code::TemplateNotAvailable),
            (AvailabilityError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }

    #[test]
    fn groups_are_named_once_and_are_not_too_many() {
        let wanted = |groups: Vec<String>| WantedGroups { groups, reason: None };
        assert_eq!(wanted(vec!["b".into(), "a".into(), "b".into()]).codes().unwrap().len(), 2);
        assert_eq!(wanted(vec![String::new()]).codes().unwrap_err().code(), Code::Validation);
        assert_eq!(wanted(vec!["a".into(); GROUPS_MAX + 1]).codes().unwrap_err().code(), Code::LimitTooLarge);
    }
}
