//! Every route, on one page.
//!
//! Owns: methods, paths, permissions, and the layers around them.
//! Does not own: what a route does (`routes`), how a permission is checked (`call_context`).
//! Always: a route is either guarded or stands in the short list of open ones; what is about a record names its kind, for the audit.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};
use billing::cabinet::Right;
use billing::grid::Grid;
use billing::staff::Permission;

use crate::cabinet_context;
use crate::call_context::{self, CallContext, Door};
use crate::cors;
use crate::edge;
use crate::grids;
use crate::problem::{Code, Problem};
use crate::routes::{accounts, agents, approvals, audit, availability, cabinet, charges, cleaning, client_users, clients, contracts, docs, health, imports, jobs, legal_entities, liquidation, lists, locks, mails, numbers, parties, payers, payment_methods, plans, price_lists, providers, reports, rework, search, settings, sign_in, staff, suspense, tags, tariffs, terms};
use crate::routes::{
    accounts, audit, charges, clients, docs, health, imports, locks, numbers, price_lists, rework, settings, sign_in,
    staff, suspense, tariffs, terms,
};
use crate::state::AppState;

/// Largest body.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest file of prices.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A method that the API has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    /// Reads.
    Get,
    /// Replaces.
    Put,
    /// Does something.
    Post,
    /// Ends something; nothing is erased.
    Delete,
}

/// What a caller needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Nothing.
    Open,
    /// A valid token, or a session.
    SignedIn,
    /// A session: a person and not an API token.
    InSession,
    /// A session, also one that may do nothing but enrol a second factor.
    Enrolling,
    /// A permission.
    Needs(Permission),
    /// A permission, or to be the user whom the first parameter names.
    NeedsOrSelf(Permission),
    /// A permission; a holder of the other one gets to the handler, which decides by the record whether he may.
    NeedsOrOwn(Permission, Permission),
    /// A session in the cabinet of a client, with this right if one is named.
    Cabinet(Option<Right>),
}

impl Access {
    /// The permission that a refusal names.
    pub(crate) const fn permission(self) -> Option<Permission> {
        match self {
            Self::Open | Self::SignedIn | Self::Cabinet(_) => None,
            Self::Open | Self::SignedIn | Self::InSession | Self::Enrolling => None,
            Self::Needs(permission) | Self::NeedsOrSelf(permission) | Self::NeedsOrOwn(permission, _) => {
                Some(permission)
            }
        }
    }

    /// What the audit calls an attempt that was refused.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Cabinet(Some(right)) => right.action(),
            access => access.permission().map_or("signed_in", Permission::as_str),
        }
    }
}

/// A route.
pub(crate) struct Route {
    /// Method.
    pub(crate) verb: Verb,
    /// Path with its parameters; the first of them names the record.
    pub(crate) path: &'static str,
    /// What the caller needs.
    pub(crate) access: Access,
    /// Kind of record that it is about.
    pub(crate) entity: &'static str,
    /// The list that it shows, if it is one.
    pub(crate) grid: Option<&'static Grid>,
    handler: MethodRouter<AppState>,
}

impl Route {
    /// The same with a largest body of its own.
    fn with_body(mut self, bytes: usize) -> Self {
        self.handler = self.handler.layer(DefaultBodyLimit::max(bytes));
        self
    }
}

/// The table. Open routes first, then by path.
#[rustfmt::skip]
pub(crate) fn table() -> Vec<Route> {
    use Permission as P;
    use Right as R;
    use Verb::{Delete, Get, Post, Put};
    vec![
        open(Get, "/docs", docs::page::handler),
        open(Get, "/docs.css", docs::style::handler),
        open(Get, "/docs.js", docs::script::handler),
        open(Get, "/health", health::alive::handler),
        open(Get,  "/health",              health::alive::handler),
        open(Get, "/openapi.json", docs::document::handler),
        open(Get,  "/openapi.json",        docs::document::handler),
        open(Get, "/ready", health::ready::handler),
        open(Get,  "/ready",               health::ready::handler),
        open(Post, "/v1/cabinet/session", cabinet::session_open::handler),
        open(Post, "/v1/session",          sign_in::open::handler),
        open(Get,  "/v1/session/oidc",     sign_in::provider_begin::handler),
        open(Post, "/v1/session/oidc",     sign_in::provider_finish::handler),
        open(Post, "/v1/session/password", sign_in::password_set::handler),

        grid("/v1/accounts", P::AccountView, "account", &billing::accounts::GRID),
        guarded(Post,   "/v1/accounts",                                P::AccountEdit,   "account",       accounts::open::handler),
        guarded(Get,    "/v1/accounts/{code}",                         P::AccountView,   "account",       accounts::get::handler),
        guarded(Put,    "/v1/accounts/{code}",                         P::AccountEdit,   "account",       accounts::update::handler),
        guarded(Get,    "/v1/accounts/{code}/bundles",                 P::AccountView,   "account",       accounts::bundles::handler),
        guarded(Get,    "/v1/accounts/{code}/calls",                   P::CallsView,     "account",       accounts::calls::handler),
        guarded(Post,   "/v1/accounts/{code}/close",                   P::AccountEdit,   "account",       accounts::close::handler),
        guarded(Get,    "/v1/accounts/{code}/contacts",                P::ClientView,    "account_contact", accounts::contact_list::handler),
        guarded(Post,   "/v1/accounts/{code}/contacts",                P::ContactEdit,   "account_contact", accounts::contact_add::handler),
        guarded(Delete, "/v1/accounts/{code}/contacts/{id}",           P::ContactEdit,   "account_contact", accounts::contact_end::handler),
        guarded(Put,    "/v1/accounts/{code}/credit-limit",            P::AccountCredit, "account",       accounts::set_credit_limit::handler),
        guarded(Get,    "/v1/accounts/{code}/discounts",               P::AccountView,   "account",       accounts::discounts::handler),
        guarded(Get,    "/v1/accounts/{code}/fees",                    P::CallsView,     "account",       accounts::fees::handler),
        guarded(Get,    "/v1/accounts/{code}/history",                 P::AccountView,   "account",       accounts::history::handler),
        guarded(Get,    "/v1/accounts/{code}/invoices/{month}",        P::InvoiceView,   "account",       accounts::invoice::handler),
        guarded(Put,    "/v1/accounts/{code}/legal-hold",              P::LegalHoldEdit, "account",       cleaning::hold::handler),
        guarded(Put,    "/v1/accounts/{code}/plan",                    P::AccountEdit,   "account",       accounts::set_plan::handler),
        guarded(Get,    "/v1/accounts/{code}/plans",                   P::AccountView,   "account",       accounts::plan_list::handler),
        guarded(Get,    "/v1/accounts/{code}/recordings",              P::CallsView,     "account",       accounts::recordings::handler),
        guarded(Post,   "/v1/accounts/{code}/reopen",                  P::AccountEdit,   "account",       accounts::reopen::handler),
        guarded(Get,    "/v1/accounts/{code}/traffic",                 P::CallsView,     "account",       accounts::traffic::handler),
        grid("/v1/agents", P::AgentView, "agent", &billing::agents::GRID),
        guarded(Post,   "/v1/agents",                                  P::AgentEdit,     "agent",         agents::add::handler),
        guarded(Get,    "/v1/agents/{code}",                           P::AgentView,     "agent",         agents::get::handler),
        guarded(Put,    "/v1/agents/{code}",                           P::AgentEdit,     "agent",         agents::update::handler),
        guarded(Delete, "/v1/agents/{code}",                           P::AgentEdit,     "agent",         agents::close::handler),
        grid("/v1/approvals", P::ApprovalView, "approval", &billing::approvals::GRID),
        guarded(Post,   "/v1/approvals",                               P::ApprovalRequest, "approval",    approvals::request::handler),
        guarded(Get,    "/v1/approvals/{id}",                          P::ApprovalView,  "approval",      approvals::get::handler),
        guarded(Post,   "/v1/approvals/{id}/approve",                  P::ApprovalView,  "approval",      approvals::approve::handler),
        guarded(Post,   "/v1/approvals/{id}/evidence",                 P::ApprovalRequest, "approval",    approvals::evidence_add::handler),
        guarded(Post,   "/v1/approvals/{id}/refuse",                   P::ApprovalView,  "approval",      approvals::refuse::handler),
        guarded(Post,   "/v1/approvals/{id}/withdraw",                 P::ApprovalRequest, "approval",    approvals::withdraw::handler),
        grid("/v1/audit", P::AuditView, "audit", &billing::audit::GRID),
        guarded(Get,    "/v1/audit/{entity}/{id}",                     P::AuditView,     "audit",         audit::history::handler),
        cabinet(Get,    "/v1/cabinet/accounts",                        Some(R::View),    "account",       cabinet::accounts::handler),
        cabinet(Get,    "/v1/cabinet/accounts/{code}/calls",           Some(R::View),    "account",       cabinet::calls::handler),
        cabinet(Get,    "/v1/cabinet/contacts",                        Some(R::View),    "client",        cabinet::contacts::handler),
        cabinet(Get,    "/v1/cabinet/locks",                           Some(R::View),    "lock",          cabinet::lock_list::handler),
        cabinet(Post,   "/v1/cabinet/locks",                           Some(R::ManageServices), "lock",   cabinet::lock_create::handler),
        cabinet(Delete, "/v1/cabinet/locks/{id}",                      Some(R::ManageServices), "lock",   cabinet::lock_delete::handler),
        cabinet(Get,    "/v1/cabinet/me",                              None,             "client",        cabinet::me::handler),
        cabinet(Get,    "/v1/cabinet/payers",                          Some(R::View),    "client",        cabinet::payers::handler),
        cabinet(Post,   "/v1/cabinet/payment-intents",                 Some(R::Pay),     "client",        cabinet::payment_intent::handler),
        cabinet(Put,    "/v1/cabinet/profile",                         Some(R::ManageContacts), "client", cabinet::profile::handler),
        cabinet(Delete, "/v1/cabinet/session",                         None,             "client",        cabinet::session_end::handler),
        cabinet(Get,    "/v1/cabinet/users",                           Some(R::ManageUsers), "client",    cabinet::user_list::handler),
        cabinet(Post,   "/v1/cabinet/users/{id}/block",                Some(R::ManageUsers), "client_user", cabinet::user_block::handler),
        guarded(Get,    "/v1/charges/{identity}/why",                  P::CallsView,     "charge",        charges::why::handler),
        guarded(Post,   "/v1/client-assignments",                      P::ClientEdit,    "client",        clients::assign::handler),
        guarded(Get,    "/v1/client-groups",                           P::TermsView,     "client_group",  terms::group_list::handler),
        guarded(Post,   "/v1/client-groups",                           P::GroupEdit,     "client_group",  terms::group_add::handler),
        guarded(Get,    "/v1/client-groups/{code}",                      P::TermsView,     "client_group",  terms::group_get::handler),
        guarded(Put,    "/v1/client-groups/{code}",                      P::GroupEdit,     "client_group",  terms::group_update::handler),
        guarded(Delete, "/v1/client-groups/{code}",                      P::GroupEdit,     "client_group",  terms::group_close::handler),
        guarded(Get,    "/v1/client-groups/{code}/members",            P::TermsView,     "client_group",  terms::member_list::handler),
        guarded(Post,   "/v1/client-groups/{code}/members",            P::GroupEdit,     "client_group",  terms::member_add::handler),
        guarded(Delete, "/v1/client-groups/{code}/members/{client}",   P::GroupEdit,     "client_group",  terms::member_end::handler),
        grid("/v1/client-taxes", P::TermsView, "client_tax", &billing::terms::CLIENT_TAXES),
        guarded(Post,   "/v1/client-taxes",                            P::TaxOverride,   "client_tax",    terms::tax_give::handler),
        guarded(Delete, "/v1/client-taxes/{id}",                       P::TaxOverride,   "client_tax",    terms::tax_end::handler),
        grid("/v1/clients", P::ClientView, "client", &billing::clients::GRID),
        guarded(Post,   "/v1/clients",                                 P::ClientCreate,  "client",        clients::create::handler),
        grid("/v1/clients-without-contract", P::ContractView, "client", &billing::contracts::WITHOUT_CONTRACT),
        guarded(Get,    "/v1/clients/{code}",                          P::ClientView,    "client",        clients::get::handler),
        guarded(Put,    "/v1/clients/{code}",                          P::ClientEdit,    "client",        clients::update::handler),
        guarded(Delete, "/v1/clients/{code}",                          P::ClientDelete,  "client",        clients::delete::handler),
        guarded(Put,    "/v1/clients/{code}/advertising-consent",       P::ClientEdit,     "client",        mails::consent::handler),
        guarded(Post,   "/v1/clients/{code}/clean",                    P::ClientClean,   "client",        cleaning::clean::handler),
        guarded(Get,    "/v1/clients/{code}/contacts",                 P::ClientView,    "client",        clients::contact_list::handler),
        guarded(Post,   "/v1/clients/{code}/contacts",                 P::ContactEdit,   "client",        clients::contact_add::handler),
        guarded(Put,    "/v1/clients/{code}/contacts/{id}",            P::ContactEdit,   "client",        clients::contact_update::handler),
        guarded(Delete, "/v1/clients/{code}/contacts/{id}",            P::ContactEdit,   "client",        clients::contact_end::handler),
        guarded(Get,    "/v1/clients/{code}/contract-templates",         P::ContractView,  "client",        availability::template_list::handler),
        guarded(Get,    "/v1/clients/{code}/contracts",                  P::ContractView,  "client",        contracts::of_client::handler),
        guarded(Post,   "/v1/clients/{code}/contracts",                  P::ContractEdit,  "client",        contracts::create::handler),
        guarded(Post,   "/v1/clients/{code}/destroy",                  P::ClientClean,   "client",        cleaning::destroy::handler),
        guarded(Get,    "/v1/clients/{code}/destruction-act",          P::AuditView,     "client",        cleaning::act::handler),
        guarded(Get,    "/v1/clients/{code}/history",                  P::ClientView,    "client",        clients::history::handler),
        guarded(Put,    "/v1/clients/{code}/lead",                     P::ClientEdit,    "client",        clients::lead::handler),
        guarded(Get,    "/v1/clients/{code}/legal-entities",           P::EntityView,    "client",        clients::entity_list::handler),
        guarded(Put,    "/v1/clients/{code}/legal-entities/{entity}",  P::ClientEdit,    "client",        clients::entity_connect::handler),
        guarded(Put,    "/v1/clients/{code}/liquidation-exclusion",     P::LiquidationExclude, "client",        liquidation::exclude::handler),
        guarded(Get,    "/v1/clients/{code}/notes",                    P::ClientView,    "client",        clients::note_list::handler),
        guarded(Post,   "/v1/clients/{code}/notes",                    P::NoteEdit,      "client",        clients::note_add::handler),
        guarded(Put,    "/v1/clients/{code}/notes/{id}",               P::NoteEdit,      "client",        clients::note_update::handler),
        guarded(Delete, "/v1/clients/{code}/notes/{id}",               P::NoteEdit,      "client",        clients::note_delete::handler),
        guarded(Get,    "/v1/clients/{code}/payers",                   P::ClientView,    "client",        payers::list::handler),
        guarded(Post,   "/v1/clients/{code}/payers",                   P::PayerEdit,     "client",        payers::add::handler),
        guarded(Put,    "/v1/clients/{code}/payers/{id}",              P::PayerEdit,     "client",        payers::update::handler),
        guarded(Delete, "/v1/clients/{code}/payers/{id}",              P::PayerEdit,     "client",        payers::close::handler),
        guarded(Post,   "/v1/clients/{code}/payers/{id}/default",      P::PayerEdit,     "client",        payers::make_default::handler),
        guarded(Get,    "/v1/clients/{code}/payment-methods",            P::ClientView,    "client",        availability::method_list::handler),
        guarded(Get,    "/v1/clients/{code}/payment-methods/{method}",   P::ClientView,    "client",        availability::method_offer::handler),
        guarded(Get,    "/v1/clients/{code}/permissions",                P::ClientView,    "client",        terms::client_permissions::handler),
        guarded(Get,    "/v1/clients/{code}/plans",                      P::ClientView,    "client",        availability::plan_list::handler),
        guarded(Get,    "/v1/clients/{code}/plans/{plan}",               P::ClientView,    "client",        availability::plan_offer::handler),
        guarded(Get,    "/v1/clients/{code}/tags",                     P::ClientView,    "client",        tags::of_client::handler),
        guarded(Post,   "/v1/clients/{code}/tags",                     P::TagAssign,     "client",        tags::give::handler),
        guarded(Get,    "/v1/clients/{code}/tags/history",             P::ClientView,    "client",        tags::history::handler),
        guarded(Delete, "/v1/clients/{code}/tags/{tag}",               P::TagAssign,     "client",        tags::take::handler),
        guarded(Post,   "/v1/clients/{code}/transfer-to-support",      P::ClientTransfer, "client",       clients::transfer::handler),
        guarded(Get,    "/v1/clients/{code}/users",                    P::ClientView,    "client",        client_users::list::handler),
        guarded(Post,   "/v1/clients/{code}/users",                    P::ClientUserEdit, "client",       client_users::add::handler),
        guarded(Put,    "/v1/clients/{code}/users/{id}",               P::ClientUserEdit, "client",       client_users::update::handler),
        guarded(Post,   "/v1/clients/{code}/users/{id}/block",         P::ClientUserEdit, "client",       client_users::block::handler),
        guarded(Post,   "/v1/clients/{code}/users/{id}/password",      P::ClientUserEdit, "client",       client_users::password::handler),
        guarded(Post,   "/v1/clients/{code}/users/{id}/unblock",       P::ClientUserEdit, "client",       client_users::unblock::handler),
        guarded(Post,   "/v1/clients/{code}/work-as",                  P::ClientWorkAs,  "client",        client_users::work_as::handler),
        guarded(Get,    "/v1/contract-kinds",                            P::ContractView,  "contract_kind", contracts::kind_list::handler),
        guarded(Post,   "/v1/contract-kinds",                            P::ContractTemplateEdit,"contract_kind", contracts::kind_add::handler),
        grid("/v1/contract-templates", P::ContractView, "contract_template", &billing::contracts::TEMPLATES),
        guarded(Post,   "/v1/contract-templates",                        P::ContractTemplateEdit,"contract_template",contracts::template_add::handler),
        guarded(Get,    "/v1/contract-templates/{code}",                 P::ContractView,  "contract_template",contracts::template_get::handler),
        guarded(Put,    "/v1/contract-templates/{code}",                 P::ContractTemplateEdit,"contract_template",contracts::template_update::handler),
        guarded(Delete, "/v1/contract-templates/{code}",                 P::ContractTemplateEdit,"contract_template",contracts::template_close::handler),
        guarded(Put,    "/v1/contract-templates/{code}/groups",          P::ContractTemplateEdit,"contract_template",contracts::template_groups_set::handler),
        guarded(Get,    "/v1/contract-templates/{code}/versions/{version}",P::ContractView,  "contract_template",contracts::template_version::handler),
        grid("/v1/contracts", P::ContractView, "contract", &billing::contracts::GRID),
        guarded(Get,    "/v1/contracts/{id}",                            P::ContractView,  "contract",      contracts::get::handler),
        guarded(Put,    "/v1/contracts/{id}",                            P::ContractEdit,  "contract",      contracts::update::handler),
        guarded(Post,   "/v1/contracts/{id}/activate",                   P::ContractEdit,  "contract",      contracts::activate::handler),
        guarded(Post,   "/v1/contracts/{id}/terminate",                  P::ContractEdit,  "contract",      contracts::terminate::handler),
        guarded(Get,    "/v1/contracts/{id}/text",                       P::ContractView,  "contract",      contracts::text::handler),
        guarded(Get,    "/v1/currencies",                              P::TermsView,     "currency",      terms::currency_list::handler),
        guarded(Put,    "/v1/currencies/{code}",                       P::CurrencyEdit,  "currency",      terms::currency_set::handler),
        guarded(Get,    "/v1/departments",                             P::StaffView,     "department",    staff::department_list::handler),
        guarded(Post,   "/v1/departments",                             P::RoleEdit,      "department",    staff::department_add::handler),
        guarded(Put,    "/v1/departments/{code}",                      P::RoleEdit,      "department",    staff::department_update::handler),
        guarded(Delete, "/v1/departments/{code}",                      P::RoleEdit,      "department",    staff::department_close::handler),
        grid("/v1/dids", P::DidView, "did", &billing::numbers::GRID),
        guarded(Get,    "/v1/dids/{number}",                           P::DidView,       "did",           numbers::get::handler),
        guarded(Post,   "/v1/dids/{number}/archive",                   P::DidArchive,    "did",           numbers::archive::handler),
        guarded(Get,    "/v1/dids/{number}/non-target",                P::DidView,       "did",           numbers::non_target::handler),
        grid("/v1/discounts", P::TermsView, "discount", &billing::terms::DISCOUNTS),
        guarded(Post,   "/v1/discounts",                               P::DiscountEdit,  "discount",      terms::discount_give::handler),
        guarded(Delete, "/v1/discounts/{id}",                          P::DiscountEdit,  "discount",      terms::discount_end::handler),
        grid("/v1/exchange-rates", P::TermsView, "exchange_rate", &billing::terms::EXCHANGE_RATES),
        guarded(Post,   "/v1/exchange-rates",                          P::ExchangeEdit,  "exchange_rate", terms::exchange_enter::handler),
        guarded(Delete, "/v1/exchange-rates/{id}",                     P::ExchangeEdit,  "exchange_rate", terms::exchange_end::handler),
        guarded(Post,   "/v1/exports",                                 P::ListKeep,      "export",        lists::export_order::handler),
        guarded(Get,    "/v1/exports/{id}",                            P::ListKeep,      "export",        lists::export_get::handler),
        guarded(Delete, "/v1/exports/{id}",                            P::ListKeep,      "export",        lists::export_cancel::handler),
        guarded(Get,    "/v1/exports/{id}/file",                       P::ListKeep,      "export",        lists::export_file::handler),
        guarded(Get,    "/v1/imports",                                 P::ImportView,    "import",        imports::list::handler),
        guarded(Get,    "/v1/imports/{id}",                            P::ImportView,    "import",        imports::get::handler),
        guarded(Get,    "/v1/ingest-alarms",                           P::ImportView,    "ingest_alarm",  imports::alarms::handler),
        guarded(Post,   "/v1/ingest-alarms/{id}/acknowledge",          P::IngestAlarmAcknowledge, "ingest_alarm", imports::acknowledge::handler),
        grid("/v1/job-runs",                                            P::JobView,        "job",           &billing::jobs::GRID),
        guarded(Get,    "/v1/jobs",                                     P::JobView,        "job",           jobs::list::handler),
        guarded(Post,   "/v1/jobs/{name}/run",                          P::JobRun,         "job",           jobs::run::handler),
        guarded(Get,    "/v1/labels",                                  P::ClientView,    "label",         clients::label_list::handler),
        guarded(Post,   "/v1/labels",                                  P::DirectoryEdit, "label",         clients::label_add::handler),
        grid("/v1/legal-entities", P::EntityView, "legal_entity", &billing::entities::GRID),
        guarded(Post,   "/v1/legal-entities",                          P::EntityEdit,    "legal_entity",  legal_entities::create::handler),
        guarded(Get,    "/v1/legal-entities/{code}",                   P::EntityView,    "legal_entity",  legal_entities::get::handler),
        guarded(Put,    "/v1/legal-entities/{code}",                   P::EntityEdit,    "legal_entity",  legal_entities::update::handler),
        guarded(Post,   "/v1/legal-entities/{code}/close",             P::EntityEdit,    "legal_entity",  legal_entities::close::handler),
        guarded(Get,    "/v1/legal-entities/{code}/history",           P::EntityView,    "legal_entity",  legal_entities::history::handler),
        guarded(Post,   "/v1/liquidation-exclusions",                   P::LiquidationExclude, "liquidation",   liquidation::exclude_many::handler),
        guarded(Get,    "/v1/lock-check",                              P::LockView,      "lock",          tariffs::lock_check::handler),
        grid("/v1/locks", P::LockView, "lock", &billing::locks::GRID),
        guarded(Post,   "/v1/locks",                                   P::LockEdit,      "lock",          locks::create::handler),
        guarded(Get,    "/v1/locks/{id}",                              P::LockView,      "lock",          locks::get::handler),
        guarded(Put,    "/v1/locks/{id}",                              P::LockEdit,      "lock",          locks::update::handler),
        guarded(Delete, "/v1/locks/{id}",                              P::LockDelete,    "lock",          locks::delete::handler).or_own(P::LockEdit),
        guarded(Get,    "/v1/locks/{id}/history",                      P::LockView,      "lock",          locks::history::handler),
        grid("/v1/mails",                                               P::MailView,       "mail",          &billing::mail::GRID),
        guarded(Post,   "/v1/mails/{id}/retry",                         P::MailRetry,      "mail",          mails::retry::handler),
        signed_in("/v1/me", "staff", staff::me::handler),
        in_session(Put,    "/v1/me/password",                          "staff",   sign_in::password_change::handler),
        in_session(Get,    "/v1/me/sessions",                          "session", sign_in::list::handler),
        in_session(Delete, "/v1/me/sessions/{id}",                     "session", sign_in::end::handler),
        in_session(Post,   "/v1/me/totp",                              "staff",   sign_in::totp_begin::handler).enrolling(),
        in_session(Delete, "/v1/me/totp",                              "staff",   sign_in::totp_end::handler),
        in_session(Post,   "/v1/me/totp/confirm",                      "staff",   sign_in::totp_confirm::handler).enrolling(),
        grid("/v1/parties",                                             P::PartyView,      "party",         &billing::parties::GRID),
        guarded(Post,   "/v1/parties",                                  P::PartyEdit,      "party",         parties::create::handler),
        guarded(Post,   "/v1/parties/import",                           P::PartyImport,    "party",         parties::import::handler).with_body(FILE_BYTES_MAX),
        guarded(Get,    "/v1/parties/{id}",                             P::PartyView,      "party",         parties::get::handler),
        guarded(Put,    "/v1/parties/{id}",                             P::PartyEdit,      "party",         parties::update::handler),
        grid("/v1/payment-methods", P::TermsView, "payment_method", &billing::payment_methods::GRID),
        guarded(Post,   "/v1/payment-methods",                           P::PaymentMethodEdit,"payment_method",payment_methods::add::handler),
        guarded(Get,    "/v1/payment-methods/{code}",                    P::TermsView,     "payment_method",payment_methods::get::handler),
        guarded(Put,    "/v1/payment-methods/{code}",                    P::PaymentMethodEdit,"payment_method",payment_methods::update::handler),
        guarded(Delete, "/v1/payment-methods/{code}",                    P::PaymentMethodEdit,"payment_method",payment_methods::close::handler),
        guarded(Put,    "/v1/payment-methods/{code}/groups",             P::PaymentMethodEdit,"payment_method",payment_methods::groups_set::handler),
        guarded(Get,    "/v1/permissions",                             P::StaffView,     "role",          staff::permission_list::handler),
        grid("/v1/plans", P::PriceView, "tariff_plan", &billing::plans::GRID),
        guarded(Get,    "/v1/plans/{code}",                            P::PriceView,     "tariff_plan",   plans::get::handler),
        guarded(Get,    "/v1/plans/{code}/groups",                       P::TermsView,     "tariff_plan",   availability::plan_groups_get::handler),
        guarded(Put,    "/v1/plans/{code}/groups",                       P::GroupEdit,     "tariff_plan",   availability::plan_groups_set::handler),
        guarded(Get,    "/v1/price-lists",                            P::PriceView,     "price_list",    price_lists::list::handler),
        guarded(Get,    "/v1/price-lists/{code}",                     P::PriceView,     "price_list",    price_lists::get::handler),
        guarded(Get,    "/v1/price-lists/{code}/export",              P::PriceView,     "price_list",    price_lists::export::handler),
        guarded(Get,    "/v1/price-lists/{code}/imports",             P::PriceView,     "price_list",    price_lists::imports::handler),
        guarded(Post,   "/v1/price-lists/{code}/imports",             P::PriceImport,   "price_list",    price_lists::import::handler).with_body(FILE_BYTES_MAX),
        guarded(Get,    "/v1/price-lists/{code}/imports/{id}",        P::PriceView,     "price_list",    price_lists::one_import::handler),
        guarded(Post,   "/v1/price-lists/{code}/imports/{id}/activate",P::PriceActivate, "price_list",    price_lists::activate::handler),
        guarded(Get,    "/v1/price-lists/{code}/imports/{id}/differences",P::PriceView,     "price_list",    price_lists::differences::handler),
        guarded(Post,   "/v1/price-lists/{code}/imports/{id}/discard",P::PriceImport,   "price_list",    price_lists::discard::handler),
        guarded(Post,   "/v1/price-lists/{code}/imports/{id}/roll-back",P::PriceActivate, "price_list",    price_lists::roll_back::handler),
        guarded(Get,    "/v1/price-lists/{code}/imports/{id}/warnings",P::PriceView,     "price_list",    price_lists::import_warnings::handler),
        guarded(Get,    "/v1/price-lists/{code}/prefixes/{prefix}/history",P::PriceView,     "price_list",    price_lists::history::handler),
        guarded(Get,    "/v1/price-lists/{code}/rates",               P::PriceView,     "price_list",    price_lists::rates::handler),
        guarded(Get,    "/v1/price-lists/{code}/warnings",            P::PriceView,     "price_list",    price_lists::warnings::handler),
        grid("/v1/providers", P::PriceView, "provider", &billing::providers::GRID),
        guarded(Get,    "/v1/providers/{code}",                        P::PriceView,     "provider",      providers::get::handler),
        guarded(Put,    "/v1/providers/{code}",                        P::ProviderEdit,  "provider",      providers::rename::handler),
        guarded(Post,   "/v1/re-ratings",                              P::ChargeRerate,  "rework",        rework::re_rate::handler),
        guarded(Get,    "/v1/reconciliation",                          P::ImportView,    "reconciliation", imports::reconciliation::handler),
        grid("/v1/reports/completeness", P::ClientView, "client", &billing::clients::COMPLETENESS),
        guarded(Get,    "/v1/reports/distribution",                    P::ClientView,    "client",        reports::distribution::handler),
        grid("/v1/reports/liquidation-notices",                         P::LiquidationView, "liquidation",   &billing::liquidation::GRID),
        grid("/v1/reports/tag-history", P::ClientView, "tag", &billing::tags::HISTORY),
        grid("/v1/reports/tags", P::ClientView, "tag", &billing::tags::REPORT),
        guarded(Get,    "/v1/rework",                                  P::ReworkView,    "rework",        rework::list::handler),
        guarded(Get,    "/v1/rework/{id}",                             P::ReworkView,    "rework",        rework::get::handler),
        guarded(Post,   "/v1/rework/{id}/cancel",                      P::ReworkView,    "rework",        rework::cancel::handler),
        guarded(Get,    "/v1/rework/{id}/differences",                 P::ReworkView,    "rework",        rework::differences::handler),
        guarded(Post,   "/v1/rework/{id}/execute",                     P::ReworkView,    "rework",        rework::execute::handler),
        guarded(Get,    "/v1/roles",                                   P::StaffView,     "role",          staff::role_list::handler),
        guarded(Post,   "/v1/roles",                                   P::RoleEdit,      "role",          staff::role_add::handler),
        guarded(Get,    "/v1/roles/{code}",                            P::StaffView,     "role",          staff::role_get::handler),
        guarded(Put,    "/v1/roles/{code}",                            P::RoleEdit,      "role",          staff::role_update::handler),
        guarded(Delete, "/v1/roles/{code}",                            P::RoleEdit,      "role",          staff::role_end::handler),
        guarded(Post,   "/v1/roll-backs",                              P::ChargeRollback,"rework",        rework::roll_back::handler),
        guarded(Get,    "/v1/saved-filters",                           P::ListKeep,      "saved_filter",  lists::saved_list::handler),
        guarded(Post,   "/v1/saved-filters",                           P::ListKeep,      "saved_filter",  lists::saved_save::handler),
        guarded(Delete, "/v1/saved-filters/{id}",                      P::ListKeep,      "saved_filter",  lists::saved_delete::handler),
        guarded(Get,    "/v1/search",                                  P::ClientView,    "client",        search::anything::handler),
        in_session(Delete, "/v1/session",                              "session", sign_in::close::handler).enrolling(),
        guarded(Get,    "/v1/settings",                                P::SettingView,   "setting",       settings::list::handler),
        guarded(Put,    "/v1/settings/{key}",                          P::SettingEdit,   "setting",       settings::set::handler),
        grid("/v1/staff", P::StaffView, "staff", &billing::staff::GRID),
        guarded(Post,   "/v1/staff",                                   P::StaffEdit,     "staff",         staff::add::handler),
        guarded(Get,    "/v1/staff/{login}",                           P::StaffView,     "staff",         staff::get::handler).or_self(),
        guarded(Put,    "/v1/staff/{login}",                           P::StaffEdit,     "staff",         staff::update::handler),
        guarded(Post,   "/v1/staff/{login}/block",                     P::StaffEdit,     "staff",         staff::block::handler),
        guarded(Post,   "/v1/staff/{login}/password-reset",            P::StaffEdit,     "staff",         sign_in::password_reset::handler),
        guarded(Put,    "/v1/staff/{login}/permissions/{permission}",  P::StaffGrant,    "staff",         staff::permission_give::handler),
        guarded(Delete, "/v1/staff/{login}/permissions/{permission}",  P::StaffGrant,    "staff",         staff::permission_take::handler),
        guarded(Put,    "/v1/staff/{login}/roles",                     P::StaffGrant,    "staff",         staff::set_roles::handler),
        guarded(Get,    "/v1/staff/{login}/tokens",                    P::StaffView,     "staff",         staff::token_list::handler).or_self(),
        guarded(Post,   "/v1/staff/{login}/tokens",                    P::StaffEdit,     "staff",         staff::token_make::handler).or_self(),
        guarded(Delete, "/v1/staff/{login}/tokens/{id}",               P::StaffEdit,     "staff",         staff::token_revoke::handler).or_self(),
        guarded(Post,   "/v1/staff/{login}/unblock",                   P::StaffEdit,     "staff",         staff::unblock::handler),
        guarded(Get,    "/v1/suspense",                                P::SuspenseView,  "suspense",      suspense::list::handler),
        guarded(Post,   "/v1/suspense/discard",                        P::SuspenseCorrect,"suspense",      suspense::discard::handler),
        guarded(Post,   "/v1/suspense/recycle",                        P::SuspenseRecycle,"suspense",      suspense::recycle::handler),
        guarded(Get,    "/v1/suspense/{id}",                           P::SuspenseView,  "suspense",      suspense::get::handler),
        guarded(Put,    "/v1/suspense/{id}/correction",                P::SuspenseCorrect,"suspense",      suspense::correct::handler),
        guarded(Post,   "/v1/switch-counts",                           P::SwitchCountEnter, "switch_count", imports::switch_counts::handler).with_body(4 * BODY_BYTES_MAX),
        guarded(Get,    "/v1/tags",                                    P::ClientView,    "tag",           tags::list::handler),
        guarded(Post,   "/v1/tags",                                    P::TagEdit,       "tag",           tags::add::handler),
        guarded(Put,    "/v1/tags/{id}",                               P::TagEdit,       "tag",           tags::update::handler),
        guarded(Delete, "/v1/tags/{id}",                               P::TagEdit,       "tag",           tags::close::handler),
        guarded(Get,    "/v1/tariff-check",                            P::TariffCheck,   "tariff",        tariffs::tariff_check::handler),
    ]
}

fn open<H, T>(verb: Verb, path: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route { verb, path, access: Access::Open, entity: "", grid: None, handler: by(verb, handler) }
    Route { verb, path, access: Access::Open, entity: "", handler: by_method(verb, handler) }
}

fn guarded<H, T>(verb: Verb, path: &'static str, permission: Permission, entity: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route { verb, path, access: Access::Needs(permission), entity, grid: None, handler: by(verb, handler) }
}

/// A list.
fn grid(path: &'static str, permission: Permission, entity: &'static str, grid: &'static Grid) -> Route {
    let handler = get(move |State(state): State<AppState>, context: CallContext, request: Request| {
        grids::answer(state, grid, context, request)
    });
    Route { verb: Verb::Get, path, access: Access::Needs(permission), entity, grid: Some(grid), handler }
}

/// A route of the cabinet.
fn cabinet<H, T>(verb: Verb, path: &'static str, right: Option<Right>, entity: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route { verb, path, access: Access::Cabinet(right), entity, grid: None, handler: by(verb, handler) }
}

fn by<H, T>(verb: Verb, handler: H) -> MethodRouter<AppState>
where
    H: Handler<T, AppState>,
    T: 'static,
{
    match verb {
        Verb::Get => get(handler),
        Verb::Put => put(handler),
        Verb::Post => post(handler),
        Verb::Delete => delete(handler),
    }
    Route { verb, path, access: Access::Needs(permission), entity, handler: by_method(verb, handler) }
}

/// A route that any valid token opens.
fn signed_in<H, T>(path: &'static str, entity: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route { verb: Verb::Get, path, access: Access::SignedIn, entity, grid: None, handler: get(handler) }
}

/// A route of somebody's own, for which he has to be here himself.
fn in_session<H, T>(verb: Verb, path: &'static str, entity: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route { verb, path, access: Access::InSession, entity, handler: by_method(verb, handler) }
}

fn by_method<H, T>(verb: Verb, handler: H) -> MethodRouter<AppState>
where
    H: Handler<T, AppState>,
    T: 'static,
{
    match verb {
        Verb::Get => get(handler),
        Verb::Put => put(handler),
        Verb::Post => post(handler),
        Verb::Delete => delete(handler),
    }
}

impl Route {
    /// The same, open to holders of another permission as far as the record is their own.
    fn or_own(mut self, own: Permission) -> Self {
        if let Access::Needs(permission) = self.access {
            self.access = Access::NeedsOrOwn(permission, own);
        }
        self
    }

    /// The same, open to a session that may only enrol a second factor.
    fn enrolling(mut self) -> Self {
        if self.access == Access::InSession {
            self.access = Access::Enrolling;
        }
        self
    }

    /// The same, open to the user whom the first parameter names.
    fn or_self(mut self) -> Self {
        if let Access::Needs(permission) = self.access {
            self.access = Access::NeedsOrSelf(permission);
        }
        self
    }
}

/// The whole API over this state.
pub fn app(state: AppState) -> Router {
    let mut router: Router<AppState> = Router::new();
    for route in table() {
        let handler = match route.access {
            Access::Open => route.handler,
            access @ Access::Cabinet(_) => {
                let door = Door { state: state.clone(), access, entity: route.entity };
                route.handler.route_layer(from_fn_with_state(door, cabinet_context::guard))
            }
            access => {
                let door = Door { state: state.clone(), access, entity: route.entity };
                route.handler.route_layer(from_fn_with_state(door, call_context::guard))
            }
        };
        router = router.route(route.path, handler);
    }
    let router = router
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(state.clone(), edge::edge));
    let router = match cors::layer(&state.origins) {
        Some(layer) => router.layer(layer),
        None => router,
    };
    router.with_state(state)
}

async fn no_such_route() -> Problem {
    Problem::new(Code::NotFound)
}

async fn no_such_method() -> Problem {
    Problem::new(Code::MethodNotAllowed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use billing::{FixedClock, Store};
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::calls::CallsReader;

    /// A state whose engines are nowhere: what asks none of them still answers.
    fn nowhere() -> AppState {
        let store = Store::open("postgres://nobody@127.0.0.1:1/tollgate_test", 1).unwrap();
        let clock = Arc::new(FixedClock("2026-07-01T10:00:00Z".parse().unwrap()));
        AppState::new(store, clock, CallsReader::open("http://127.0.0.1:1", "tollgate_test"))
    }

    async fn ask(method: &str, path: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept-language", "en")
            .header("x-request-id", "r-1")
            .body(Body::empty())
            .unwrap();
        let response = app(nowhere()).oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-request-id"], "r-1");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let status = response.status();
        let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn only_a_few_routes_are_open() {
        let open: Vec<&str> =
            table().iter().filter(|route| route.access == Access::Open).map(|route| route.path).collect();
        let expected = ["/docs", "/docs.css", "/docs.js", "/health", "/openapi.json", "/ready", "/v1/cabinet/session"];
    fn only_these_routes_are_open() {
        let open: Vec<(Verb, &str)> =
            table().iter().filter(|route| route.access == Access::Open).map(|route| (route.verb, route.path)).collect();
        let expected = [
            (Verb::Get, "/health"),
            (Verb::Get, "/openapi.json"),
            (Verb::Get, "/ready"),
            (Verb::Post, "/v1/session"),
            (Verb::Get, "/v1/session/oidc"),
            (Verb::Post, "/v1/session/oidc"),
            (Verb::Post, "/v1/session/password"),
        ];
        assert_eq!(open, expected);
        for route in table().iter().filter(|route| route.access != Access::Open) {
            assert!(route.path.starts_with("/v1/") && !route.entity.is_empty(), "{}", route.path);
        }
    }

    #[test]
    fn the_table_is_sorted_and_says_nothing_twice() {
        let guarded: Vec<&str> =
            table().iter().filter(|route| route.access != Access::Open).map(|route| route.path).collect();
        assert!(guarded.is_sorted(), "{guarded:?}");
        let mut routes: Vec<String> = table().iter().map(|route| format!("{:?} {}", route.verb, route.path)).collect();
        routes.sort_unstable();
        routes.dedup();
        assert_eq!(routes.len(), table().len());
    }

    #[tokio::test]
    async fn every_guarded_route_asks_for_a_token() {
        for route in table().iter().filter(|route| route.access != Access::Open) {
            let method = format!("{:?}", route.verb).to_uppercase();
            let (status, body) = ask(&method, &route.path.replace(['{', '}'], "")).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", route.path);
            assert_eq!((&body["code"], &body["request_id"]), (&"unauthorized".into(), &"r-1".into()));
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_a_problem() {
        let (status, body) = ask("GET", "/v1/nothing").await;
        assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &"not_found".into()));
        let (status, body) = ask("DELETE", "/v1/dids/74951201031").await;
        assert_eq!((status, &body["code"]), (StatusCode::METHOD_NOT_ALLOWED, &"method_not_allowed".into()));
        let (status, body) = ask("GET", "/health").await;
        assert_eq!((status, &body["status"]), (StatusCode::OK, &"ok".into()));
    }

    #[tokio::test]
    async fn readiness_names_what_is_missing() {
        let (status, body) = ask("GET", "/ready").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let missing: Vec<&str> =
            body["errors"].as_array().unwrap().iter().filter_map(|error| error["pointer"].as_str()).collect();
        assert_eq!(missing, ["postgres", "clickhouse", "snapshot"]);
    }
}
