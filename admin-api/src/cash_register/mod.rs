//! The service of cash registers: who issues fiscal receipts (54-ФЗ).
//!
//! The protocol is the one that Russian services of cash registers speak since ATOL Online version 4 (form of fiscal data 1.05), as far as it is needed here:
//!
//! | what is asked of it | body | answer |
//! | --- | --- | --- |
//! | `POST /getToken` | `{"login", "pass"}` | `{"token", "error"}`; a token is good for a day |
//! | `POST /{group}/sell`, `POST /{group}/sell_refund` | `{"external_id", "timestamp", "receipt"}` ([`wire`]) | `{"uuid", "status": "wait", "error"}` |
//! | `GET /{group}/report/{uuid}` | | `{"uuid", "status": "wait" or "done" or "fail", "error", "payload"}` |
//!
//! Every request but the first has the token in the header `Token`. `error` is null or `{"code", "text", "type"}`. The service issues a receipt once for its
//! `external_id` and group: asked again, it answers error 33 with the `uuid` of the first. `payload` of an issued receipt names `fn_number`,
//! `fiscal_document_number`, `fiscal_document_attribute`, `receipt_datetime`, `ecr_registration_number`, `ofd_receipt_url`.
//!
//! Owns: the trait of a service, the adapter that speaks HTTP, the meaning of its words.
//! Does not own: receipts (`billing::receipts`), when it is asked (`receipt_rounds`), the HTTP client (`outgoing`).
//! Always: what may have happened is a doubt, never a refusal; login, password and token are in no log and in no record. The address stands beside the
//! secrets among the options of the program and is no setting: whoever may change settings does not thereby learn them.

mod http;
mod wire;

pub use http::{CASH_REGISTER_WITHIN, CashRegisterLogin, HttpCashRegister};

use billing::receipts::{Heard, Slip};
use futures_util::future::BoxFuture;

/// A service of cash registers.
pub trait CashRegister: Send + Sync {
    /// Asks for a receipt, which is issued once for its external id and names the site where people pay.
    fn issue<'a>(&'a self, payment_address: &'a str, slip: &'a Slip) -> BoxFuture<'a, Heard>;

    /// What became of the receipt that the service knows by this `uuid`.
    fn report<'a>(&'a self, slip: &'a Slip, uuid: &'a str) -> BoxFuture<'a, Heard>;
}

/// Why there is no service to speak to.
#[derive(Debug, thiserror::Error)]
#[error("the service of cash registers cannot be spoken to: {0}")]
pub struct CashRegisterFault(String);
