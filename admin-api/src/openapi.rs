//! The API, described for programs (OpenAPI 3.1).
//!
//! Owns: the document: what the endpoints say about themselves, and what holds for all of them.
//! Does not own: the routes; permissions and problems are put on from `router`'s table, so that they cannot differ.
//! Always: every route is in it, with an example that fits its schema; tests compare it with the table.

use billing::grid::Grid;
use utoipa::OpenApi;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Object, Ref, RefOr, Required, Response, ResponseBuilder, Type};

use crate::grids;
use crate::problem::{Code, ProblemBody};
use crate::router::{self, Access, Route, Verb};
use crate::routes::{
    accounts, agents, approvals, audit, autopay, availability, bank_statements, blocks, cabinet, charges, cleaning,
    client_users, clients, contracts, credit, did_imports, docs, documents, fiscal_receipts, gateway, health, imports,
    jobs, ledger, legal_entities, liquidation, lists, locks, mails, number_classes, number_regions, numbers,
    numbers_for_sale, open_calls, parties, payers, payment_methods, payment_searches, payments, plans, price_lists,
    production_calendars, products, providers, quarantine_terms, reports, rework, search, settings, sign_in, staff,
    subscriptions, suspense, switches, tags, tariffs, terms,
};

/// Name of the security scheme.
const BEARER: &str = "bearer";

/// What the endpoints say about themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tollgate admin API",
        description = "Billing of telephone calls: accounts, tariffs, locks, numbers, suspense, audit. Amounts are decimals as strings; moments are RFC 3339 in UTC. Errors are `application/problem+json` (RFC 9457) in Russian, or in English by `Accept-Language`. Writes take an `Idempotency-Key`, but for those with passwords or tokens; what people change carries an `ETag`; more requests than the limit are answered with 429 and `Retry-After`. `/docs` shows all this to people."
    ),
    paths(
        accounts::bundles::handler,
        accounts::calls::handler,
        accounts::close::handler,
        accounts::contact_add::handler,
        accounts::contact_end::handler,
        accounts::contact_list::handler,
        accounts::discounts::handler,
        accounts::fees::handler,
        accounts::get::handler,
        accounts::history::handler,
        accounts::invoice::handler,
        accounts::open::handler,
        accounts::plan_list::handler,
        accounts::recordings::handler,
        accounts::reopen::handler,
        accounts::set_credit_limit::handler,
        accounts::set_plan::handler,
        accounts::summary::handler,
        accounts::traffic::handler,
        accounts::update::handler,
        agents::add::handler,
        agents::close::handler,
        agents::get::handler,
        agents::update::handler,
        approvals::approve::handler,
        approvals::evidence_add::handler,
        approvals::get::handler,
        approvals::refuse::handler,
        approvals::request::handler,
        approvals::withdraw::handler,
        audit::history::handler,
        autopay::get::handler,
        autopay::stop::handler,
        availability::method_list::handler,
        availability::method_offer::handler,
        availability::plan_groups_get::handler,
        availability::plan_groups_set::handler,
        availability::plan_list::handler,
        availability::plan_offer::handler,
        availability::template_list::handler,
        bank_statements::file::handler,
        bank_statements::import::handler,
        bank_statements::preview::handler,
        blocks::begin::handler,
        blocks::critical_balance_set::handler,
        blocks::lift::handler,
        blocks::limit_add::handler,
        blocks::limit_end::handler,
        blocks::notice_add::handler,
        cabinet::accounts::handler,
        cabinet::autopay_list::handler,
        cabinet::autopay_set::handler,
        cabinet::calls::handler,
        cabinet::card_link::handler,
        cabinet::card_list::handler,
        cabinet::card_unlink::handler,
        cabinet::contacts::handler,
        cabinet::lock_create::handler,
        cabinet::lock_delete::handler,
        cabinet::lock_list::handler,
        cabinet::me::handler,
        cabinet::password_change::handler,
        cabinet::payers::handler,
        cabinet::payment_intent::handler,
        cabinet::payments::handler,
        cabinet::profile::handler,
        cabinet::session_end::handler,
        cabinet::session_open::handler,
        cabinet::user_block::handler,
        cabinet::user_list::handler,
        charges::why::handler,
        cleaning::act::handler,
        cleaning::clean::handler,
        cleaning::destroy::handler,
        cleaning::hold::handler,
        client_users::add::handler,
        client_users::block::handler,
        client_users::list::handler,
        client_users::password::handler,
        client_users::unblock::handler,
        client_users::update::handler,
        client_users::work_as::handler,
        clients::assign::handler,
        clients::contact_add::handler,
        clients::contact_end::handler,
        clients::contact_list::handler,
        clients::contact_update::handler,
        clients::create::handler,
        clients::delete::handler,
        clients::entity_connect::handler,
        clients::entity_list::handler,
        clients::get::handler,
        clients::history::handler,
        clients::label_add::handler,
        clients::label_list::handler,
        clients::lead::handler,
        clients::note_add::handler,
        clients::note_delete::handler,
        clients::note_list::handler,
        clients::note_update::handler,
        clients::transfer::handler,
        clients::update::handler,
        contracts::activate::handler,
        contracts::create::handler,
        contracts::get::handler,
        contracts::kind_add::handler,
        contracts::kind_list::handler,
        contracts::of_client::handler,
        contracts::template_add::handler,
        contracts::template_close::handler,
        contracts::template_get::handler,
        contracts::template_groups_set::handler,
        contracts::template_update::handler,
        contracts::template_version::handler,
        contracts::terminate::handler,
        contracts::text::handler,
        contracts::update::handler,
        credit::bank_day_complete::handler,
        credit::get::handler,
        did_imports::apply::handler,
        did_imports::create::handler,
        did_imports::discard::handler,
        did_imports::get::handler,
        docs::document::handler,
        docs::page::handler,
        docs::script::handler,
        docs::style::handler,
        documents::enter::handler,
        fiscal_receipts::get::handler,
        fiscal_receipts::resolve::handler,
        fiscal_receipts::retry::handler,
        gateway::callback::handler,
        health::alive::handler,
        health::ready::handler,
        imports::acknowledge::handler,
        imports::alarms::handler,
        imports::get::handler,
        imports::reconciliation::handler,
        imports::switch_counts::handler,
        jobs::list::handler,
        jobs::run::handler,
        ledger::charge_enter::handler,
        ledger::topup_enter::handler,
        ledger::withdrawal_enter::handler,
        legal_entities::close::handler,
        legal_entities::create::handler,
        legal_entities::get::handler,
        legal_entities::history::handler,
        legal_entities::update::handler,
        liquidation::exclude::handler,
        liquidation::exclude_many::handler,
        lists::export_cancel::handler,
        lists::export_file::handler,
        lists::export_get::handler,
        lists::export_order::handler,
        lists::saved_delete::handler,
        lists::saved_list::handler,
        lists::saved_save::handler,
        locks::create::handler,
        locks::delete::handler,
        locks::get::handler,
        locks::history::handler,
        locks::update::handler,
        mails::consent::handler,
        mails::retry::handler,
        number_classes::add::handler,
        number_classes::update::handler,
        number_regions::add::handler,
        number_regions::update::handler,
        numbers::archive::handler,
        numbers::get::handler,
        numbers::history::handler,
        numbers::ignored_add::handler,
        numbers::ignored_add_for_all::handler,
        numbers::ignored_end::handler,
        numbers::non_target::handler,
        numbers::restore::handler,
        numbers::update::handler,
        numbers::withdraw::handler,
        numbers_for_sale::capacity::handler,
        numbers_for_sale::export::handler,
        numbers_for_sale::list::handler,
        open_calls::end::handler,
        parties::create::handler,
        parties::get::handler,
        parties::import::handler,
        parties::update::handler,
        payers::add::handler,
        payers::close::handler,
        payers::list::handler,
        payers::make_default::handler,
        payers::update::handler,
        payment_methods::add::handler,
        payment_methods::close::handler,
        payment_methods::get::handler,
        payment_methods::groups_set::handler,
        payment_methods::update::handler,
        payment_searches::create::handler,
        payment_searches::file::handler,
        payment_searches::found::handler,
        payment_searches::get::handler,
        payment_searches::not_found::handler,
        payments::allocate::handler,
        payments::assign::handler,
        payments::enter::handler,
        payments::get::handler,
        payments::history::handler,
        payments::refund::handler,
        payments::relocate::handler,
        payments::take_back::handler,
        plans::get::handler,
        price_lists::activate::handler,
        price_lists::differences::handler,
        price_lists::discard::handler,
        price_lists::export::handler,
        price_lists::get::handler,
        price_lists::history::handler,
        price_lists::import::handler,
        price_lists::import_warnings::handler,
        price_lists::imports::handler,
        price_lists::list::handler,
        price_lists::one_import::handler,
        price_lists::rates::handler,
        price_lists::roll_back::handler,
        price_lists::warnings::handler,
        production_calendars::get::handler,
        production_calendars::import::handler,
        production_calendars::set::handler,
        products::add::handler,
        products::close::handler,
        products::update::handler,
        providers::get::handler,
        providers::update::handler,
        quarantine_terms::list::handler,
        quarantine_terms::set::handler,
        reports::distribution::handler,
        rework::cancel::handler,
        rework::differences::handler,
        rework::execute::handler,
        rework::get::handler,
        rework::re_rate::handler,
        rework::roll_back::handler,
        search::anything::handler,
        settings::list::handler,
        settings::set::handler,
        sign_in::close::handler,
        sign_in::end::handler,
        sign_in::list::handler,
        sign_in::open::handler,
        sign_in::password_change::handler,
        sign_in::password_reset::handler,
        sign_in::password_set::handler,
        sign_in::provider_begin::handler,
        sign_in::provider_finish::handler,
        sign_in::totp_begin::handler,
        sign_in::totp_confirm::handler,
        sign_in::totp_end::handler,
        staff::add::handler,
        staff::block::handler,
        staff::department_add::handler,
        staff::department_close::handler,
        staff::department_list::handler,
        staff::department_update::handler,
        staff::get::handler,
        staff::me::handler,
        staff::permission_give::handler,
        staff::permission_list::handler,
        staff::permission_take::handler,
        staff::role_add::handler,
        staff::role_end::handler,
        staff::role_get::handler,
        staff::role_list::handler,
        staff::role_update::handler,
        staff::set_roles::handler,
        staff::token_list::handler,
        staff::token_make::handler,
        staff::token_revoke::handler,
        staff::unblock::handler,
        staff::update::handler,
        subscriptions::activate::handler,
        subscriptions::add::handler,
        subscriptions::attach::handler,
        subscriptions::callers::handler,
        subscriptions::close::handler,
        subscriptions::get::handler,
        subscriptions::of_account::handler,
        subscriptions::resume::handler,
        subscriptions::subscriber_activate::handler,
        subscriptions::subscriber_cancel::handler,
        subscriptions::subscriber_close::handler,
        subscriptions::subscriber_get::handler,
        subscriptions::subscriber_refused::handler,
        subscriptions::suspend::handler,
        subscriptions::update::handler,
        suspense::correct::handler,
        suspense::counts::handler,
        suspense::discard::handler,
        suspense::get::handler,
        suspense::recycle::handler,
        switches::authorize::handler,
        switches::extend::handler,
        switches::release::handler,
        tags::add::handler,
        tags::close::handler,
        tags::give::handler,
        tags::history::handler,
        tags::list::handler,
        tags::of_client::handler,
        tags::take::handler,
        tags::update::handler,
        tariffs::lock_check::handler,
        tariffs::tariff_check::handler,
        terms::client_permissions::handler,
        terms::currency_list::handler,
        terms::currency_set::handler,
        terms::discount_end::handler,
        terms::discount_give::handler,
        terms::exchange_end::handler,
        terms::exchange_enter::handler,
        terms::group_add::handler,
        terms::group_close::handler,
        terms::group_get::handler,
        terms::group_list::handler,
        terms::group_update::handler,
        terms::member_add::handler,
        terms::member_end::handler,
        terms::member_list::handler,
        terms::tax_end::handler,
        terms::tax_give::handler
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "accounts", description = "Accounts: balance, credit, calls, months"),
        (name = "ledger", description = "The books: postings, charges, top-ups and withdrawals by hand, products, blocks and limits"),
        (name = "switches", description = "What switches ask before, during and after a call; calls that go on"),
        (name = "payments", description = "Money that came: statements of banks, payments and what they pay, refunds, payments that are searched for"),
        (name = "clients", description = "Clients: cards, contacts, notes, labels, users, payers, connections to legal entities; who holds them, how their data end"),
        (name = "cabinet", description = "What clients do themselves, and employees who work as they: a token of its own kind, nothing that staff write for themselves"),
        (name = "legal-entities", description = "Our own companies, and which clients are connected to them"),
        (name = "parties", description = "Organisations, sole proprietors and persons of the registry, connected or not"),
        (name = "liquidation", description = "Clients whose party is no more: who is told, who is left out"),
        (name = "mails", description = "Mails to clients: the notification manager, consents"),
        (name = "jobs", description = "What runs by night"),
        (name = "agents", description = "Agents: who brings clients"),
        (name = "tags", description = "Tags of clients: the tree, who has which, and who had"),
        (name = "reports", description = "Reports on clients"),
        (name = "tariffs", description = "Why a call does not pass, and what it costs"),
        (name = "locks", description = "Barred prefixes and numbers, with their authors and history"),
        (name = "terms", description = "What clients have of their own: discounts, exchange rates, taxes, groups and what is kept for them; payment methods, currencies"),
        (name = "contracts", description = "Contracts of clients, their templates and kinds"),
        (name = "prices", description = "Price lists: imported, compared, put in force, taken back, exported"),
        (name = "numbers", description = "Numbers of our capacity and their quarantine"),
        (name = "subscriptions", description = "Products of accounts, numbers attached to them, reservations"),
        (name = "calendars", description = "Production calendars: which days are worked, for terms of business days"),
        (name = "suspense", description = "Records that could not be rated"),
        (name = "rework", description = "Jobs that rate again: suspense tried anew, charges re-rated, imports taken back"),
        (name = "imports", description = "Files of call records, the alarms of their collection, and what switches count themselves"),
        (name = "lists", description = "Lists, filters that people keep, lists as files"),
        (name = "approvals", description = "What somebody asks for and others decide"),
        (name = "audit", description = "Who did or tried what"),
        (name = "staff", description = "People who work here: users, departments, roles, rights, tokens"),
        (name = "sign_in", description = "Sessions, passwords, second factors, sign-in by OpenID Connect"),
        (name = "settings", description = "Operating parameters"),
        (name = "gateway", description = "The payment gateway: what it says by itself, signed"),
        (name = "health", description = "For whoever watches or programs; no token")
    )
)]
struct Endpoints;

/// The document.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Endpoints::openapi();
    let description = "A token of staff: of a session (`POST /v1/session`), or an API token (`admin-api token`, `POST /v1/staff/{login}/tokens`); every operation says which permission its owner needs. Operations of the cabinet take the token of `POST /v1/cabinet/session` or `POST /v1/clients/{code}/work-as` instead, and say which right.";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
    if let Some(components) = &mut document.components {
        components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    }
    for route in router::table() {
        if let Some(grid) = route.grid {
            add_list(&mut document, &route, grid);
        }
        let item = document.paths.paths.get_mut(route.path);
        let operation = item.and_then(|item| match route.verb {
            Verb::Get => item.get.as_mut(),
            Verb::Put => item.put.as_mut(),
            Verb::Post => item.post.as_mut(),
            Verb::Delete => item.delete.as_mut(),
        });
        if let Some(operation) = operation {
            complete(operation, &route);
        }
    }
    document
}

/// Adds the operation of a list, beside the others of its records.
fn add_list(document: &mut utoipa::openapi::OpenApi, route: &Route, grid: &Grid) {
    let below = format!("{}/", route.path);
    let paths = &document.paths.paths;
    let beside = paths.iter().filter(|(path, _)| *path == route.path || path.starts_with(&below));
    let mut operations = beside.flat_map(|(_, item)| [&item.get, &item.post, &item.put, &item.delete]).flatten();
    let tag = operations.find_map(|operation| operation.tags.as_ref()?.first().cloned());
    drop(operations);
    let otherwise = if route.path.starts_with("/v1/reports/") { "reports" } else { "lists" };
    let (operation, schemas) = grids::described(grid, tag.as_deref().unwrap_or(otherwise));
    document.paths.paths.entry(route.path.to_owned()).or_default().get = Some(operation);
    if let Some(components) = &mut document.components {
        components.schemas.extend(schemas);
    }
}

/// Puts on what holds for every operation of this kind.
fn complete(operation: &mut Operation, route: &Route) {
    operation.responses.responses.insert("default".to_owned(), problem().into());
    if route.verb == Verb::Get {
        tagged(operation);
    }
    let needed = match route.access {
        Access::Open => return,
        Access::SignedIn => "Permission: any valid token is enough".to_owned(),
        Access::Needs(permission) => format!("Permission: `{}`", permission.as_str()),
        Access::NeedsOrSelf(permission) => format!("Permission: `{}`, or to be that user", permission.as_str()),
        Access::InSession => "Permission: a session; an API token is not enough".to_owned(),
        Access::Enrolling => {
            "Permission: a session, also one that may only enrol a second factor; an API token is not enough".to_owned()
        }
        Access::NeedsOrOwn(permission, own) => {
            format!("Permission: `{}`, or `{}` as far as the record is one's own", permission.as_str(), own.as_str())
        }
        Access::Cabinet(None) => "Right: any, in the cabinet of a client".to_owned(),
        Access::Cabinet(Some(right)) => format!("Right: `{}`", right.as_str()),
    };
    operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, [])]);
    let needed = format!("{needed}. Audit: `{}`.", route.entity);
    operation.description = Some(match operation.description.take() {
        Some(text) if !text.is_empty() => format!("{text}\n\n{needed}"),
        _ => needed,
    });
}

/// Says of a record that carries a tag, as its description promises, how the tag is used.
fn tagged(operation: &mut Operation) {
    let Some(RefOr::T(shown)) = operation.responses.responses.get_mut("200") else { return };
    if !shown.description.contains("ETag") {
        return;
    }
    let text = || Object::with_type(Type::String);
    let tag = HeaderBuilder::new().schema(text()).description(Some(
        "Revision and digest in quotes: for `If-Match` of a change, `If-None-Match` of the next look",
    ));
    shown.headers.insert("ETag".to_owned(), tag.build());
    let known = ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("ETag of what you have: 304 without a body if nothing is new"))
        .schema(Some(text()));
    operation.parameters.get_or_insert_default().push(known.build());
    let same = ResponseBuilder::new().description("Nothing is new").build();
    operation.responses.responses.insert("304".to_owned(), same.into());
}

fn problem() -> Response {
    let codes: Vec<String> =
        Code::ALL.iter().map(|code| format!("`{}` {}", code.as_str(), code.status().as_u16())).collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description(format!("A problem: {}", codes.join(", ")))
        .content("application/problem+json", content)
        .header("Retry-After", whole_seconds())
        .build()
}

/// Of 429 and 503: when to come again.
fn whole_seconds() -> utoipa::openapi::Header {
    let description = Some("Seconds after which to try again; with `rate_limited` and `unavailable`");
    HeaderBuilder::new().schema(Object::with_type(Type::Integer)).description(description).build()
}

/// The document as text.
pub fn openapi_json() -> String {
    let mut text = document().to_pretty_json().expect("the document is made of strings and maps of strings");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
