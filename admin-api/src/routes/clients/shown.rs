//! How a client is shown.
//!
//! Owns: the card as an answer has it.
//! Does not own: what stands on it (`billing::clients`), how a party and its standing are shown (the room's page).
//! Always: what is for staff alone is here, so nothing of it goes to a client.

use billing::clients::{AccountLine, ClientCard, ServiceLine};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{LegalView, PartyView};

/// When, by whom and from where a client was registered; never changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegisteredView {
    /// When.
    at: DateTime<Utc>,
    /// Login of who did it.
    by: String,
    /// Network address.
    from: String,
}

/// An account on a card.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientAccountView {
    /// Code.
    code: String,
    /// Code of the issuer.
    issuer: String,
    /// Currency.
    currency: String,
    /// Balance.
    balance: String,
    /// Payments of real money in the last 365 days.
    turnover_year: String,
    /// Code of the plan of now.
    plan: Option<String>,
    /// Whether it is active.
    active: bool,
}

impl From<AccountLine> for ClientAccountView {
    fn from(line: AccountLine) -> Self {
        let AccountLine { code, issuer, currency, balance, turnover_year, plan, active } = line;
        Self {
            code,
            issuer,
            currency,
            balance: balance.to_string(),
            turnover_year: turnover_year.to_string(),
            plan,
            active,
        }
    }
}

/// A service on a card.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceView {
    /// The number.
    number: String,
    /// Account that pays.
    account: String,
    /// Code of the issuer.
    issuer: String,
    /// Code of the account's plan of now.
    plan: Option<String>,
    /// State.
    state: String,
}

impl From<ServiceLine> for ServiceView {
    fn from(line: ServiceLine) -> Self {
        let ServiceLine { number, account, issuer, plan, state } = line;
        Self { number, account, issuer, plan, state }
    }
}

/// A client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientView {
    /// Number.
    id: i64,
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// `active`: has services in work; else `inactive` (B1).
    state: &'static str,
    /// The flag of the company (T25).
    active: bool,
    /// Raised with every change; the ETag.
    revision: i64,
    /// Who he is by the registry.
    party: Option<PartyView>,
    /// How he stands by the registry.
    liquidation: LegalView,
    /// Main e-mail.
    email: Option<String>,
    /// Phone, as it was written.
    phone: Option<String>,
    /// Whom to talk to.
    contact_person: String,
    /// Country.
    country: String,
    /// Language of letters.
    language: String,
    /// Label; one at most.
    label: Option<String>,
    /// `ordinary`, `good` or `conflict`.
    characteristic: String,
    /// Login of his manager.
    manager: Option<String>,
    /// `lead`, `sales` or `support`.
    stage: String,
    /// What came of talking to him: `invited`, `connected` or `refused`.
    lead_state: Option<String>,
    /// Since when.
    lead_state_at: Option<DateTime<Utc>>,
    /// Code of the agent who brought him.
    agent: Option<String>,
    /// What the agent is: `partner`, `licensee` or `own`.
    agent_type: Option<String>,
    /// `none`; `cleaned`: he is anonymous and does not change any more; `destroyed`: the personal values of his history are gone too.
    gdpr_state: String,
    /// For staff.
    comment: String,
    /// When, by whom, from where.
    registered: RegisteredView,
    /// His accounts, by code.
    accounts: Vec<ClientAccountView>,
    /// Numbers in work, the first 1000.
    services: Vec<ServiceView>,
    /// How many there are.
    services_total: i64,
}

impl From<ClientCard> for ClientView {
    fn from(card: ClientCard) -> Self {
        Self {
            id: card.id,
            liquidation: LegalView::of(&card.code, card.legal),
            code: card.code,
            name: card.name,
            state: if card.services_total > 0 { "active" } else { "inactive" },
            active: card.active,
            revision: card.revision,
            party: card.party.map(PartyView::from),
            email: card.email,
            phone: card.phone,
            contact_person: card.contact_person,
            country: card.country,
            language: card.language,
            label: card.label,
            characteristic: card.characteristic,
            manager: card.manager,
            stage: card.stage,
            lead_state: card.lead_state,
            lead_state_at: card.lead_state_at,
            agent: card.agent,
            agent_type: card.agent_type,
            gdpr_state: card.gdpr_state,
            comment: card.comment,
            registered: RegisteredView { at: card.registered_at, by: card.registered_by, from: card.registered_from },
            accounts: card.accounts.into_iter().map(ClientAccountView::from).collect(),
            services: card.services.into_iter().map(ServiceView::from).collect(),
            services_total: card.services_total,
        }
    }
}
