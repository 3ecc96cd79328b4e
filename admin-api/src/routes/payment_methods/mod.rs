//! Endpoints of payment methods.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: payment methods (`billing::payment_methods`), for whom one is kept (`availability`).
//! Always: no change without a reason; a closed method stays readable.

pub(crate) mod add;
pub(crate) mod close;
pub(crate) mod get;
pub(crate) mod groups_set;
pub(crate) mod update;

use billing::payment_methods::{MethodError, MethodKind, PaymentMethod};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};

/// A payment method.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentMethodView {
    /// Code.
    code: String,
    /// Name in Russian.
    name_ru: String,
    /// Name in English.
    name_en: String,
    /// `cash`, `bank_transfer`, `card` or `other`.
    kind: String,
    /// Code of the legal entity that is paid.
    legal_entity: String,
    /// Whether it is offered.
    active: bool,
    /// Codes of the groups that it is kept for; none: it is open to everybody.
    groups: Vec<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Since when it is closed.
    closed_at: Option<DateTime<Utc>>,
    /// Raised with every change; the ETag of the card.
    revision: i64,
}

impl From<PaymentMethod> for PaymentMethodView {
    fn from(method: PaymentMethod) -> Self {
        Self {
            code: method.code,
            name_ru: method.name_ru,
            name_en: method.name_en,
            kind: method.kind,
            legal_entity: method.issuer,
            active: method.active,
            groups: method.groups,
            created_at: method.created_at,
            created_by: method.created_by,
            closed_at: method.closed_at,
            revision: method.revision,
        }
    }
}

impl From<MethodError> for Problem {
    fn from(error: MethodError) -> Self {
        match error {
            MethodError::NotFound => Self::new(Code::NotFound),
            MethodError::NoIssuer(code) => Self::field(
                "/legal_entity",
                Text::new(format!("Юридического лица {code} нет"), format!("There is no legal entity {code}")),
            ),
            MethodError::CodeInUse => {
                Self::new(Code::AlreadyExists).at("/code", Text::fixed("Код занят", "The code is taken"))
            }
            MethodError::Closed => Self::new(Code::InvalidTransition)
                .because(Text::fixed("Способ оплаты закрыт", "The payment method is closed")),
            MethodError::Stale => Self::new(Code::Stale),
            MethodError::Store(error) => error.into(),
        }
    }
}

/// A kind by its name.
fn kind(text: &str) -> Result<MethodKind, Problem> {
    inputs::one_of("/kind", text, MethodKind::ALL.iter().map(|kind| kind.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (MethodError::NotFound, Code::NotFound),
            (MethodError::NoIssuer("X".into()), Code::Validation),
            (MethodError::CodeInUse, Code::AlreadyExists),
            (MethodError::Closed, Code::InvalidTransition),
            (MethodError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
        assert!(kind("cash").is_ok() && kind("gold").is_err());
    }
}
