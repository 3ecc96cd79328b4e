//! `GET /v1/accounts/{code}/autopay`: automatic payment of an account (M33).
//!
//! Owns: what is shown of it.
//! Does not own: automatic payment (`billing::autopayments`), attempts, which are a list.
//! Always: where there never was one, it is off and the rest is empty.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::autopayments::{changes, of_account};

use super::AutopayView;
use crate::etag;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;

/// Changes that are shown.
const CHANGES: i64 = 20;

/// Automatic payment of an account
///
/// Whether it is on, why it is off, what it takes from which card, and its last changes; what was tried is the list `/v1/gateway-attempts`.
#[utoipa::path(
    get, path = "/v1/accounts/{code}/autopay", operation_id = "account_autopay", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "Automatic payment; the header ETag carries its revision", body = AutopayView, example = json!({
        "account": "A-000001", "currency": "RUB", "enabled": false, "off_reason": "insufficient_funds", "threshold": "200", "amount": "1000", "up_to": null,
        "card": {"id": 3, "mask": "427600******1234", "expires": "2028-05-31", "linked_at": "2027-01-10T09:00:00Z", "linked": true},
        "rests_until": "2027-02-05T00:00:00Z", "changed_at": "2027-02-04T00:00:01Z", "changed_by": "system", "revision": 2,
        "changes": [
            {"at": "2027-02-04T00:00:01Z", "author": "system", "enabled": false, "off_reason": "insufficient_funds", "threshold": "200", "amount": "1000",
             "up_to": null, "card": 3},
            {"at": "2027-01-10T09:01:00Z", "author": "client:3", "enabled": true, "off_reason": null, "threshold": "200", "amount": "1000", "up_to": null,
             "card": 3}
        ]
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let autopay = of_account(&state.store, code).await?.ok_or_else(|| Problem::no_account(code))?;
    let changes = changes(&state.store, code, CHANGES).await?;
    Ok(etag::shown(autopay.revision, &AutopayView::of(autopay, changes)))
}
