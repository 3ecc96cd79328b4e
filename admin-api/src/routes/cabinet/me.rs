//! `GET /v1/cabinet/me`: whose cabinet it is, and who is in it.
//!
//! Owns: nothing.
//! Does not own: rights (`billing::cabinet`).
//! Always: any session is enough; an employee is named as such.

use axum::Json;
use billing::cabinet::Who;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::routes::client_users::names;

/// The user of the client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnUserView {
    /// Identifier.
    id: i64,
    /// Login.
    login: String,
    /// Name.
    name: String,
    /// E-mail.
    email: String,
}

/// Who is in the cabinet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CabinetMe {
    /// Code of the client.
    client: String,
    /// The user of the client; `null`: an employee works as the client.
    user: Option<OwnUserView>,
    /// Login of the employee who works as the client.
    employee: Option<String>,
    /// What he may: of `view`, `pay`, `manage_services`, `manage_contacts`, `manage_users`.
    rights: Vec<&'static str>,
    /// Whether he may nothing before `POST /v1/cabinet/password`: staff have set the password of now.
    own_password_needed: bool,
    /// Until when he does not pay, though he has the right: staff have changed his password or e-mail.
    pay_withheld_until: Option<DateTime<Utc>>,
    /// The moment from which the token is no longer valid.
    expires_at: DateTime<Utc>,
}

/// Yourself, and what you may
#[utoipa::path(
    get, path = "/v1/cabinet/me", operation_id = "cabinet_me", tag = "cabinet",
    responses((status = 200, description = "The caller", body = CabinetMe, example = json!({
        "client": "C-000001", "user": {"id": 3, "login": "orlova@example.ru", "name": "Мария Орлова", "email": "orlova@example.ru"}, "employee": null,
        "rights": ["view", "pay"], "own_password_needed": false, "pay_withheld_until": null, "expires_at": "2026-07-01T22:00:00Z"
    })))
)]
pub(crate) async fn handler(context: CabinetContext) -> Json<CabinetMe> {
    let visitor = context.visitor;
    let (user, employee) = match visitor.who {
        Who::User { id, login, email, name } => (Some(OwnUserView { id, login, name, email }), None),
        Who::Employee(staff) => (None, Some(staff.login)),
    };
    Json(CabinetMe {
        client: visitor.client,
        user,
        employee,
        rights: names(&visitor.rights),
        own_password_needed: visitor.needs_own_password,
        pay_withheld_until: visitor.pay_withheld_until,
        expires_at: visitor.expires_at,
    })
}
