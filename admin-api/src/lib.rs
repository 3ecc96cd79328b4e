//! The admin API: what a billing department does, over HTTP.
//!
//! ```text
//! request -> listener -> cors -> edge (id, time limit, problems) -> router -> call_context (token, limits, permission) -> routes/<room>/<endpoint> -> billing, rating, calls
//! ```
//!
//! Owns: the contract of the API: paths, permissions, bodies, problems, the OpenAPI document; the held snapshot; the answers to
//! switches, by HTTP and by RADIUS; jobs and the sender of mails; reading calls from ClickHouse.
//! Does not own: any rule of billing (`billing`, whose rooms the folders of [`app`]'s routes are named after), the price of a call (`rating`), connections
//! (`listener`), packets of RADIUS (`radius`).
//! Always: one endpoint a file and one line in `router`; no guarded handler runs without a user whom its route lets in; a write goes through a
//! `billing::Change`; no answer and no log line shows a secret or an engine's words.
//!
//! A new endpoint: one file under `routes/<room>/`, one line in `router::table`, one in `openapi`; the tests of both compare them.

mod language;
mod problem;

mod cors;
mod edge;
mod etag;
mod http_figures;
mod limits;
mod origin;
mod outgoing;

mod cabinet_context;
mod call_context;
mod extract;
mod inputs;
mod paging;
mod sheets;
mod sign_in;
mod switch_door;
mod tokens;
mod writes;

mod audit_anchor;
mod authorize;
mod balance_watch;
mod calls;
mod card_charges;
mod cash_register;
mod gateway;
mod jobs;
mod mailer;
mod meters;
mod monitor;
mod radius_door;
mod receipt_rounds;
mod risk_tags;
mod shelf;
mod snapshot;
mod state;

mod grids;
mod routes;

mod openapi;
mod router;
mod serve;

pub use authorize::{
    Allowed, AllowedRoute, Answer, Authorizer, CallRequest, Disconnect, Extension, Fault, Freed, Refused, Release,
};
pub use balance_watch::{WatchError, Watched, watch_balances};
pub use calls::{CallRow, CallsFilter, CallsReader, Numbers, Position, TrafficRow};
pub use card_charges::Charged;
pub use cash_register::{CASH_REGISTER_WITHIN, CashRegister, CashRegisterFault, CashRegisterLogin, HttpCashRegister};
pub use cors::{NoOrigin, Origin};
pub use gateway::{GATEWAY_WITHIN, Gateway, GatewayFault, GatewaySecret, HttpGateway};
pub use jobs::runner::{Ran, RunError, run_due_jobs, run_job};
pub use limits::{Rate, RateLimits};
pub use mailer::{Mailer, MailerError, SentMails, send_mails};
pub use monitor::Monitor;
pub use openapi::openapi_json;
pub use radius_door::{RadiusClients, RadiusClientsFault, RadiusPorts};
pub use receipt_rounds::{Issued, issue_receipts};
pub use risk_tags::{RiskTagsError, apply_risk_tags};
pub use router::app;
pub use serve::{Doors, serve_on, serve_until};
pub use sign_in::{Provider, ProviderClaim, ProviderFault, ProviderOptions, SecretKey};
pub use snapshot::RefreshError;
pub use state::AppState;
pub use tokens::{NoRandomness, random as random_token};
