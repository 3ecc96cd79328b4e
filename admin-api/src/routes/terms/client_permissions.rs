//! `GET /v1/clients/{code}/permissions`: what a client may by his groups, and by which of them (B10).
//!
//! Owns: how it is shown.
//! Does not own: how several groups count (`billing::terms`).
//! Always: of this moment; what no group says is shown too.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use billing::terms::{self, ClientPermissions, Decided, Permit};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::routes::clients::no_client;
use crate::state::AppState;

/// Something that groups permit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermitView {
    /// `may_stop_services`, `may_resume_services`, `may_delete_services` or `no_service_limit`.
    name: &'static str,
    /// Whether the client may: one of his groups permits it.
    holds: bool,
    /// Codes of the groups that permit it.
    by: Vec<String>,
}

/// A programme that groups allow or deny.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgrammeView {
    /// Whether the client may take part: unless one of his groups denies it.
    holds: bool,
    /// What counts: `deny` before `allow` before `unsaid`.
    said: &'static str,
    /// Codes of the groups that say so.
    by: Vec<String>,
}

impl From<Decided> for ProgrammeView {
    fn from(decided: Decided) -> Self {
        Self { holds: decided.holds(), said: decided.stance.as_str(), by: decided.by }
    }
}

/// A segment of mailings that a client belongs to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SegmentView {
    /// Its name.
    name: String,
    /// Codes of the groups that put him into it.
    by: Vec<String>,
}

/// What a client may by his groups.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientPermissionsView {
    /// Code of the client.
    client: String,
    /// Codes of his groups.
    groups: Vec<String>,
    /// What groups can permit, all of it.
    permits: Vec<PermitView>,
    /// Promo actions.
    promo: ProgrammeView,
    /// The referral programme.
    referral: ProgrammeView,
    /// Segments of mailings.
    segments: Vec<SegmentView>,
}

impl ClientPermissionsView {
    fn of(client: String, found: ClientPermissions) -> Self {
        Self {
            client,
            permits: permits(found.permits),
            groups: found.groups,
            promo: found.promo.into(),
            referral: found.referral.into(),
            segments: found.segments.into_iter().map(|(name, by)| SegmentView { name, by }).collect(),
        }
    }
}

fn permits(mut found: BTreeMap<Permit, Vec<String>>) -> Vec<PermitView> {
    let view = |permit: &Permit| {
        let by = found.remove(permit).unwrap_or_default();
        PermitView { name: permit.as_str(), holds: !by.is_empty(), by }
    };
    Permit::ALL.iter().map(view).collect()
}

/// What a client may by his groups
///
/// He is in several groups at once: what one of them permits, holds; what one of them denies, does not.
#[utoipa::path(
    get, path = "/v1/clients/{code}/permissions", operation_id = "client_permissions", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of it", body = ClientPermissionsView, example = json!({
        "client": "C-000001", "groups": ["partners", "vip"],
        "permits": [
            {"name": "may_stop_services", "holds": true, "by": ["vip"]}, {"name": "may_resume_services", "holds": true, "by": ["vip"]},
            {"name": "may_delete_services", "holds": false, "by": []}, {"name": "no_service_limit", "holds": false, "by": []}
        ],
        "promo": {"holds": true, "said": "unsaid", "by": []}, "referral": {"holds": false, "said": "deny", "by": ["partners"]},
        "segments": [{"name": "news", "by": ["vip"]}]
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<ClientPermissionsView>, Problem> {
    let found = terms::permissions(&state.store, &code, state.clock.now()).await?.ok_or_else(|| no_client(&code))?;
    Ok(Json(ClientPermissionsView::of(code, found)))
}
