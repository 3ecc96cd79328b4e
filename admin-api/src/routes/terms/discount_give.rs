//! `POST /v1/discounts`: give a discount to an account, a client or a group (B18, B30).
//!
//! Owns: what the request says, and which level fits which holder.
//! Does not own: which discount counts for a call (`rating::terms`).
//! Always: no discount without a reason; none reaches back into a closed period.

use axum::extract::State;
use axum::response::Response;
use billing::settings::Settings;
use billing::terms::{self, Holder, NewDiscount};
use rating::terms::DiscountLevel;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted discount.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedDiscount {
    /// `personal` (of an account or a client), `group` or `promo` (of a group).
    level: String,
    /// Code of the account: the discount is its alone, and counts before that of the client.
    account: Option<String>,
    /// Code of the client.
    client: Option<String>,
    /// Code of the group.
    group: Option<String>,
    /// Percent: a decimal as a string, 0 to 100, at most two decimals.
    percent: String,
    /// Only for this service.
    service: Option<String>,
    /// Only for numbers that begin so.
    prefix: Option<String>,
    /// First moment (RFC 3339) or day of the billing zone; now when absent.
    from: Option<String>,
    /// Moment after the last (RFC 3339), or last day; open when absent.
    to: Option<String>,
    /// Name, which the explanation of a price shows.
    name: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Give a discount
///
/// Discounts do not add up: that of the account counts, else the client's, else the group's, else the promo action's.
#[utoipa::path(
    post, path = "/v1/discounts", operation_id = "discount_give", tag = "terms",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedDiscount, example = json!({
        "level": "personal", "client": "C-000001", "percent": "10", "prefix": "79", "name": "За верность", "reason": "договор 12"
    })),
    responses((status = 200, description = "Given", body = Numbered, example = json!({"id": 7})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedDiscount>,
) -> Result<Response, Problem> {
    let new = wanted(&body.value, &*state.settings()?)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("discount_give", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = terms::give_discount(&mut change, &new, reason).await?;
    writes::commit(change, &Numbered { id }).await
}

fn wanted(asked: &WantedDiscount, settings: &Settings) -> Result<NewDiscount, Problem> {
    let levels = || DiscountLevel::ALL.iter().map(|level| level.as_str());
    let level = inputs::one_of("/level", &asked.level, levels())?;
    let holder = super::holder(asked.account.as_deref(), asked.client.as_deref(), asked.group.as_deref())?;
    match (level, &holder) {
        (DiscountLevel::Personal, Holder::Account(_) | Holder::Client(_))
        | (DiscountLevel::Group | DiscountLevel::Promo, Holder::Group(_)) => {}
        (DiscountLevel::Personal, _) => {
            let whose = Text::fixed(
                "У персональной скидки укажите лицевой счёт или клиента",
                "A personal discount names its account or its client",
            );
            return Err(Problem::field("/client", whose));
        }
        _ => {
            let whose = Text::fixed("У этой скидки укажите группу", "A discount of this level names its group");
            return Err(Problem::field("/group", whose));
        }
    }
    let [from, to] = inputs::range(asked.from.as_deref(), asked.to.as_deref(), settings)?;
    let name = given(asked.name.as_deref()).map(|text| inputs::word("/name", text)).transpose()?;
    Ok(NewDiscount {
        level,
        holder,
        percent: inputs::percent("/percent", &asked.percent)?,
        service: given(asked.service.as_deref()).map(|text| inputs::service("/service", text)).transpose()?,
        prefix: given(asked.prefix.as_deref()).map(|text| inputs::prefix("/prefix", text)).transpose()?,
        from,
        to,
        name: name.unwrap_or_default().to_owned(),
    })
}
