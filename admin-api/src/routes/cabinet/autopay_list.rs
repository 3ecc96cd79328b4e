//! `GET /v1/cabinet/autopay`: automatic payment of the client's accounts.
//!
//! Owns: how he sees it.
//! Does not own: automatic payment (`billing::autopayments`).
//! Always: his own accounts, by code; who of the staff changed something is not told (L5).

use axum::Json;
use axum::extract::State;
use billing::autopayments::{self, Autopay};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::autopay::{LinkedCard, parts, shown};
use crate::state::AppState;

/// Automatic payment as its client sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnAutopay {
    /// Code of the account.
    account: String,
    /// Its currency.
    currency: String,
    /// Whether it is on.
    enabled: bool,
    /// Why it is off: `client`, `staff`, `card_unlinked`, `insufficient_funds`, `lost`, `stolen`, `closed`, `do_not_retry`; `null` where it is on, or never was.
    off_reason: Option<String>,
    /// Where the balance comes down to this, the card is charged: a decimal.
    threshold: Option<String>,
    /// How much is taken, a decimal; or
    amount: Option<String>,
    /// what the balance is brought up to, a decimal.
    up_to: Option<String>,
    /// The card.
    card: Option<LinkedCard>,
    /// When it was changed last.
    changed_at: Option<DateTime<Utc>>,
    /// Raised with every change; 0 where there never was one.
    revision: i64,
}

impl From<Autopay> for OwnAutopay {
    fn from(autopay: Autopay) -> Self {
        let (amount, up_to) = parts(autopay.rule);
        Self {
            account: autopay.account,
            currency: autopay.currency,
            enabled: autopay.enabled,
            off_reason: autopay.off_reason,
            threshold: autopay.threshold.map(shown),
            amount,
            up_to,
            card: autopay.card.map(LinkedCard::from),
            changed_at: autopay.changed_at,
            revision: autopay.revision,
        }
    }
}

/// Automatic payment of your accounts
#[utoipa::path(
    get, path = "/v1/cabinet/autopay", operation_id = "cabinet_autopay", tag = "cabinet",
    responses((status = 200, description = "Of all of them", body = List<OwnAutopay>, example = json!({"items": [
        {"account": "A-000001", "currency": "RUB", "enabled": true, "off_reason": null, "threshold": "200", "amount": "1000", "up_to": null,
         "card": {"id": 3, "mask": "427600******1234", "expires": "2028-05-31", "linked_at": "2027-01-10T09:00:00Z", "linked": true},
         "changed_at": "2027-01-10T09:01:00Z", "revision": 1}
    ], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
) -> Result<Json<List<OwnAutopay>>, Problem> {
    let autopayments = autopayments::of_client(&state.store, context.visitor.client_id).await?;
    let most = autopayments.len();
    Ok(Json(List::page(autopayments, most, |autopay| autopay.account.clone()).map(OwnAutopay::from)))
}
