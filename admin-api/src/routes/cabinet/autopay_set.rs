//! `PUT /v1/cabinet/accounts/{code}/autopay`: a user of the client switches automatic payment (M33).
//!
//! Owns: what the request says.
//! Does not own: automatic payment (`billing::autopayments`).
//! Always: by a user of the client with the right `pay`; an employee is told that only the client pays (B11, B27).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::autopayments::{self, On, Rule, Wanted};
use serde::Deserialize;
use utoipa::ToSchema;

use super::autopay_list::OwnAutopay;
use crate::cabinet_context::CabinetContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Automatic payment as it is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedAutopay {
    /// Whether it is to be on. To switch it off nothing more is said.
    enabled: bool,
    /// Identifier of a card of yours.
    #[serde(default)]
    card: Option<i64>,
    /// Where the balance comes down to this, the card is charged: a decimal with at most two places.
    #[serde(default)]
    threshold: Option<String>,
    /// How much is taken: a decimal above 0 with at most two places. Either this,
    #[serde(default)]
    amount: Option<String>,
    /// or what the balance is brought up to: a decimal above the threshold.
    #[serde(default)]
    up_to: Option<String>,
    /// Why; need not be said.
    #[serde(default)]
    reason: Option<String>,
}

impl WantedAutopay {
    fn read(&self) -> Result<Wanted, Problem> {
        let amounts = [
            ("/threshold", self.threshold.as_deref()),
            ("/amount", self.amount.as_deref()),
            ("/up_to", self.up_to.as_deref()),
        ];
        if !self.enabled {
            let said = amounts.iter().find(|(_, text)| given(*text).is_some()).map(|(pointer, _)| *pointer);
            return match self.card.map(|_| "/card").or(said) {
                None => Ok(Wanted::Off),
                Some(pointer) => Err(Problem::field(
                    pointer,
                    Text::fixed("При отключении больше ничего не указывается", "To switch it off nothing more is said"),
                )),
            };
        }
        let [threshold, amount, up_to] =
            amounts.map(|(pointer, text)| given(text).map(|text| inputs::amount(pointer, text)).transpose());
        let missing = |pointer: &str| Problem::field(pointer, Text::fixed("Поле обязательно", "The field is required"));
        let rule = match (amount?, up_to?) {
            (Some(amount), None) => Rule::Amount(amount),
            (None, Some(goal)) => Rule::UpTo(goal),
            _ => {
                let one = Text::fixed("Укажите одно из двух: amount или up_to", "Say one of both: amount or up_to");
                return Err(Problem::field("/amount", one));
            }
        };
        let threshold = threshold?.ok_or_else(|| missing("/threshold"))?;
        Ok(Wanted::On(On { card: self.card.ok_or_else(|| missing("/card"))?, threshold, rule }))
    }
}

/// Switch automatic payment of an account of yours
///
/// On: where the balance comes down to the threshold, the card is charged, by an amount or so that the balance comes up to one; once a day at most. It is
/// switched off at once, with a letter, when there is not enough money on the card, when the bank refuses it for good, and when it is unlinked; then you switch it
/// on again yourself. Employees who work as the client are answered `only_client_pays`.
#[utoipa::path(
    put, path = "/v1/cabinet/accounts/{code}/autopay", operation_id = "cabinet_autopay_set", tag = "cabinet",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("If-Match" = Option<String>, Header, description = "Revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedAutopay, example = json!({"enabled": true, "card": 3, "threshold": "200", "amount": "1000"})),
    responses((status = 200, description = "Automatic payment as it is now", body = OwnAutopay, example = json!({
        "account": "A-000001", "currency": "RUB", "enabled": true, "off_reason": null, "threshold": "200", "amount": "1000", "up_to": null,
        "card": {"id": 3, "mask": "427600******1234", "expires": "2028-05-31", "linked_at": "2027-01-10T09:00:00Z", "linked": true},
        "changed_at": "2027-01-10T09:01:00Z", "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    Path(code): Path<String>,
    body: JsonBody<WantedAutopay>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let wanted = body.value.read()?;
    let most = state.settings()?.optional_amount("autopay.amount_max")?;
    let reason = context.reason(body.value.reason.as_deref())?;
    let key = context.idempotency("cabinet_autopay_set", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let account = (context.visitor.client_id, code);
    let autopay = autopayments::set(&mut change, account, &wanted, (context.revision, most), reason).await?;
    writes::commit(change, &OwnAutopay::from(autopay)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Wanted, Problem> {
        serde_json::from_str::<WantedAutopay>(body).unwrap().read()
    }

    #[test]
    fn on_says_all_and_off_says_nothing_more() {
        for body in [
            r#"{"enabled": true, "card": 3, "threshold": "200", "amount": "1000"}"#,
            r#"{"enabled": true, "card": 3, "threshold": "-5.50", "up_to": "1000", "amount": ""}"#,
        ] {
            assert!(matches!(read(body), Ok(Wanted::On(On { card: 3, .. }))), "{body}");
        }
        assert!(matches!(read(r#"{"enabled": false}"#), Ok(Wanted::Off)));
        for body in [
            r#"{"enabled": true, "threshold": "200", "amount": "1000"}"#,
            r#"{"enabled": true, "card": 3, "amount": "1000"}"#,
            r#"{"enabled": true, "card": 3, "threshold": "200"}"#,
            r#"{"enabled": true, "card": 3, "threshold": "200", "amount": "1000", "up_to": "2000"}"#,
            r#"{"enabled": true, "card": 3, "threshold": "1e3", "amount": "1000"}"#,
            r#"{"enabled": false, "card": 3}"#,
            r#"{"enabled": false, "threshold": "200"}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
