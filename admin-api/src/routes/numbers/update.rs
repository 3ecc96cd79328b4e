//! `PUT /v1/dids/{number}`: change what a number is (M12, M16).
//!
//! Owns: what the request says, and which problem each refusal is.
//! Does not own: what may be changed (`billing::numbers`).
//! Always: a field that is absent stays; no change without a reason.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::numbers::{self, Did, DidKind, DidUpdate, EditError, Sale};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::routes::payments::sum;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a number is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DidChange {
    /// Code of the provider; `null`: our own capacity.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    provider: Edit<String>,
    /// Code of the region; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    region: Edit<String>,
    /// Place of service; `agent` = agents' numbers, which are never judged by calls. `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    place: Edit<String>,
    /// `ordinary` or `fmtn`.
    #[serde(default)]
    kind: Option<String>,
    /// Code of a class that it is to have whatever the rules say; `null`: by the rules again.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    class: Edit<String>,
    /// Its own price, with tax: a decimal as a string; `null`: that of its class.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    price: Edit<String>,
    /// Available for sale: `yes` (depends on non-target calls) or `no`. Either ends a forcing.
    #[serde(default)]
    sale: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// A number as it was changed. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangedDid {
    /// The number.
    number: String,
    /// Its state.
    status: &'static str,
    /// Code of its provider; `null`: our own capacity.
    provider: Option<String>,
    /// Code of its region.
    region: Option<String>,
    /// Place of service.
    place: Option<String>,
    /// `ordinary` or `fmtn`.
    kind: String,
    /// Code of its class.
    class: Option<String>,
    /// Whether somebody chose the class.
    class_by_hand: bool,
    /// Its own price.
    price: Option<String>,
    /// `yes`, `forced` or `no`.
    sale: String,
    /// Why, where somebody said so.
    sale_reason: String,
    /// Raised by every change; also the ETag.
    revision: i64,
}

impl From<Did> for ChangedDid {
    fn from(did: Did) -> Self {
        Self {
            number: did.number,
            status: did.status.as_str(),
            provider: did.provider,
            region: did.region,
            place: did.place,
            kind: did.kind,
            class: did.class,
            class_by_hand: did.class_by_hand,
            price: did.price.map(sum),
            sale: did.sale,
            sale_reason: did.sale_reason,
            revision: did.revision,
        }
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Unknown { what, code } => Self::field(
                &format!("/{what}"),
                Text::new(
                    format!("Действующей записи с кодом {code} нет; возьмите код из справочника или заведите её"),
                    format!("There is no open record with the code {code}; take a code of the directory, or add it"),
                ),
            ),
            EditError::ForcedByApproval => Self::field(
                "/sale",
                Text::fixed(
                    "Принудительно номер выводят в продажу по согласованию: POST /v1/approvals с kind did.force",
                    "A number is forced into sale by approval: POST /v1/approvals with kind did.force",
                ),
            ),
            EditError::HasSubscriber => Self::new(Code::HasActiveServices).because(Text::fixed(
                "Номер закреплён за абонентом: сначала закройте абонента",
                "A subscriber has the number: close the subscriber first",
            )),
            EditError::Did(error) => error.into(),
            EditError::Store(error) => error.into(),
        }
    }
}

/// Change a number
///
/// What is absent stays. A new place of service of a number in work counts for calls from now on. The class follows its rules unless somebody chooses one. What
/// makes it a number that calls never judge (`kind` fmtn, `place` agent) leads it round the quarantine, and needs `did.skip_quarantine` as well.
#[utoipa::path(
    put, path = "/v1/dids/{number}", operation_id = "did_update", tag = "numbers",
    params(
        ("number" = String, Path, description = "The number, with or without `+`", example = "74951201031"),
        ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = DidChange, example = json!({"region": "moscow", "price": "15000.00", "sale": "no", "reason": "занят под акцию"})),
    responses((status = 200, description = "Changed", body = ChangedDid, example = json!({
        "number": "74951201031", "status": "free", "provider": "mtt", "region": "moscow", "place": null, "kind": "ordinary", "class": "gold", "class_by_hand": false,
        "price": "15000", "sale": "no", "sale_reason": "занят под акцию", "revision": 5
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(number): Path<String>,
    body: JsonBody<DidChange>,
) -> Result<Response, Problem> {
    let number = inputs::e164("/number", &number)?;
    let asked = body.value;
    let word = |pointer: &'static str| move |text: String| inputs::word(pointer, text.trim()).map(str::to_owned);
    let wanted = DidUpdate {
        provider: asked.provider.try_map(word("/provider"))?,
        region: asked.region.try_map(word("/region"))?,
        place: asked.place.try_map(word("/place"))?,
        kind: asked
            .kind
            .as_deref()
            .map(|kind| inputs::one_of("/kind", kind, DidKind::ALL.iter().map(|kind| kind.as_str())))
            .transpose()?,
        class: asked.class.try_map(word("/class"))?,
        price: asked.price.try_map(|price| inputs::price("/price", &price))?,
        sale: asked
            .sale
            .as_deref()
            .map(|sale| inputs::one_of("/sale", sale, Sale::ALL.iter().map(|sale| sale.as_str())))
            .transpose()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("did_update", &number.to_string(), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let did = numbers::edit(&mut change, &context.staff, number, &wanted, context.revision, reason).await?;
    writes::commit(change, &ChangedDid::from(did)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use billing::numbers::DidError;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (EditError::Unknown { what: "region", code: "x".into() }, Code::Validation),
            (EditError::ForcedByApproval, Code::Validation),
            (EditError::HasSubscriber, Code::HasActiveServices),
            (EditError::Did(DidError::NotOurs), Code::NotOurs),
            (EditError::Did(DidError::Stale), Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
