//! The words of a service of cash registers.
//!
//! Owns: the shape of a receipt, the shapes of answers, and what each answer means.
//! Does not own: what follows from it (`billing::receipts`), the rates and signs that stand on a receipt.
//! Always: sums are written as numbers with two decimals and never pass through floating point; an answer that makes no sense is a doubt.

use axum::http::StatusCode;
use billing::receipts::{Contact, Fiscal, Heard, Kind, PaidBy, Slip};
use chrono::NaiveDateTime;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// How the service writes moments, by the clock of the company.
const MOMENT: &str = "%d.%m.%Y %H:%M:%S";
/// A receipt with this external id is there already.
const KNOWN: i64 = 33;
/// Errors of the service itself, which pass: its queue is full, its registers are busy or away.
const PASSING: [&str; 3] = ["agent", "system", "timeout"];

/// A receipt as the service reads it.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    external_id: &'a str,
    timestamp: String,
    receipt: Receipt<'a>,
}

#[derive(Serialize)]
struct Receipt<'a> {
    client: Client<'a>,
    company: Company<'a>,
    items: [Item<'a>; 1],
    payments: [Payment; 1],
    vats: [Vat<'a>; 1],
    total: Box<RawValue>,
}

#[derive(Serialize)]
struct Client<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
}

#[derive(Serialize)]
struct Company<'a> {
    email: &'a str,
    sno: &'a str,
    inn: &'a str,
    payment_address: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    name: &'a str,
    price: Box<RawValue>,
    quantity: u8,
    sum: Box<RawValue>,
    payment_method: &'static str,
    payment_object: &'static str,
    vat: Vat<'a>,
}

#[derive(Serialize)]
struct Payment {
    r#type: u8,
    sum: Box<RawValue>,
}

#[derive(Serialize)]
struct Vat<'a> {
    r#type: &'a str,
    sum: Box<RawValue>,
}

/// The part of the address under which a kind of receipt is asked for.
pub(super) const fn operation(kind: Kind) -> &'static str {
    match kind {
        Kind::Income | Kind::Offset => "sell",
        Kind::IncomeReturn => "sell_refund",
    }
}

/// The request for a receipt; `None`: a sum cannot be written.
pub(super) fn request<'a>(slip: &'a Slip, contact: &'a Contact, payment_address: &'a str) -> Option<Request<'a>> {
    let client = match contact {
        Contact::Email(address) => Client { email: Some(address), phone: None },
        Contact::Phone(number) => Client { email: None, phone: Some(number) },
    };
    // What an advance is for nobody knows yet; what was rendered is a service, settled in full.
    let (payment_method, payment_object) = match slip.kind {
        Kind::Income | Kind::IncomeReturn => ("advance", "payment"),
        Kind::Offset => ("full_payment", "service"),
    };
    let way = match slip.paid_by {
        PaidBy::Cash => 0,
        PaidBy::Electronic => 1,
        PaidBy::Advance => 2,
    };
    let item = Item {
        name: &slip.name,
        price: sum(slip.amount)?,
        quantity: 1,
        sum: sum(slip.amount)?,
        payment_method,
        payment_object,
        vat: Vat { r#type: &slip.vat, sum: sum(slip.vat_amount)? },
    };
    let receipt = Receipt {
        client,
        company: Company { email: &slip.sender, sno: &slip.system, inn: &slip.inn, payment_address },
        items: [item],
        payments: [Payment { r#type: way, sum: sum(slip.amount)? }],
        vats: [Vat { r#type: &slip.vat, sum: sum(slip.vat_amount)? }],
        total: sum(slip.amount)?,
    };
    Some(Request { external_id: &slip.external_id, timestamp: slip.at.format(MOMENT).to_string(), receipt })
}

/// A sum as the service reads it: a number with two decimals.
fn sum(amount: Decimal) -> Option<Box<RawValue>> {
    let mut amount = amount;
    amount.rescale(2);
    RawValue::from_string(amount.to_string()).ok()
}

/// What it says of itself going wrong.
#[derive(Debug, Deserialize)]
struct Trouble {
    code: Option<i64>,
    #[serde(default)]
    text: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl Trouble {
    fn words(&self) -> String {
        self.code.map_or_else(|| self.text.clone(), |code| format!("{code}: {}", self.text))
    }
}

/// An answer, whatever was asked.
#[derive(Debug, Deserialize)]
struct Said {
    uuid: Option<String>,
    status: Option<String>,
    error: Option<Trouble>,
    payload: Option<Payload>,
    token: Option<String>,
}

/// What an issued receipt is known by. Numbers of registers come as numbers or as texts.
#[derive(Debug, Deserialize)]
struct Payload {
    #[serde(default)]
    fn_number: Value,
    #[serde(default)]
    fiscal_document_number: Value,
    #[serde(default)]
    fiscal_document_attribute: Value,
    #[serde(default)]
    receipt_datetime: Value,
    #[serde(default)]
    ecr_registration_number: Value,
    #[serde(default)]
    ofd_receipt_url: Value,
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

impl Payload {
    /// What stands in it; `None`: not all that an issued receipt has.
    fn fiscal(&self) -> Option<Fiscal> {
        let needed = |value: &Value| Some(text(value)).filter(|text| !text.is_empty());
        Some(Fiscal {
            fiscal_drive: needed(&self.fn_number)?,
            document: needed(&self.fiscal_document_number)?,
            sign: needed(&self.fiscal_document_attribute)?,
            register: text(&self.ecr_registration_number),
            issued_at: NaiveDateTime::parse_from_str(&text(&self.receipt_datetime), MOMENT).ok()?,
            url: text(&self.ofd_receipt_url),
        })
    }
}

fn strange() -> Heard {
    Heard::Silent("the answer cannot be understood".to_owned())
}

/// The token in an answer to a login; else why there is none.
pub(super) fn token(body: &[u8]) -> Result<String, String> {
    let said = serde_json::from_slice::<Said>(body).map_err(|_| "the answer cannot be understood".to_owned())?;
    match (said.token.filter(|token| !token.is_empty()), said.error) {
        (Some(token), None) => Ok(token),
        (_, Some(trouble)) => Err(trouble.words()),
        (None, None) => Err("there is no token in the answer".to_owned()),
    }
}

/// What an answer to the request for a receipt means.
pub(super) fn of_request(status: StatusCode, body: &[u8]) -> Heard {
    let Ok(said) = serde_json::from_slice::<Said>(body) else { return strange() };
    let uuid = said.uuid.filter(|uuid| is_uuid(uuid));
    match (said.error, uuid) {
        (None, Some(uuid)) if status.is_success() => Heard::Taken(uuid),
        // It has it since an earlier request, whose answer was lost.
        (Some(trouble), Some(uuid)) if trouble.code == Some(KNOWN) => Heard::Taken(uuid),
        (Some(trouble), None) if trouble.code == Some(KNOWN) => Heard::Silent(trouble.words()),
        (Some(trouble), _) if status.is_server_error() => Heard::Silent(trouble.words()),
        (Some(trouble), _) if is_passing(status, &trouble) => Heard::NotTaken(trouble.words()),
        (Some(trouble), _) => Heard::Rejected { words: trouble.words(), again: false },
        (None, _) => strange(),
    }
}

/// What an answer to the question about a receipt means.
pub(super) fn of_report(status: StatusCode, body: &[u8], asked: &str) -> Heard {
    let Ok(said) = serde_json::from_slice::<Said>(body) else { return strange() };
    if said.uuid.as_deref().is_some_and(|uuid| uuid != asked) {
        return Heard::Silent("it speaks of another receipt than it was asked about".to_owned());
    }
    match (said.status.as_deref(), said.error) {
        (Some("done"), None) => said.payload.and_then(|payload| payload.fiscal()).map_or_else(strange, Heard::Done),
        (Some("wait"), _) => Heard::Waits,
        (_, Some(trouble)) if status == StatusCode::NOT_FOUND || trouble.code == Some(34) => {
            Heard::Unknown(trouble.words())
        }
        (Some("fail"), Some(trouble)) if status.is_success() => {
            Heard::Rejected { again: PASSING.contains(&trouble.kind.as_str()), words: trouble.words() }
        }
        (_, Some(trouble)) => Heard::NotTaken(trouble.words()),
        (_, None) => strange(),
    }
}

/// Whether a receipt that was not taken may be taken later.
fn is_passing(status: StatusCode, trouble: &Trouble) -> bool {
    let may_pass = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
    may_pass.contains(&status) || trouble.kind == "timeout"
}

/// Whether a text can stand in an address as the name of a receipt.
fn is_uuid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use billing::receipts::State;
    use serde_json::json;

    use super::*;

    fn slip(kind: Kind, paid_by: PaidBy, amount: &str, (vat, tax): (&str, &str)) -> Slip {
        Slip {
            id: 5,
            state: State::Queued,
            attempts: 1,
            asks: 0,
            group: "main".into(),
            uuid: None,
            external_id: "e-5".into(),
            kind,
            paid_by,
            amount: amount.parse().unwrap(),
            vat: vat.into(),
            vat_amount: tax.parse().unwrap(),
            inn: "7702000029".into(),
            sender: "kassa@example.ru".into(),
            system: "osn".into(),
            contact: None,
            name: "Аванс".into(),
            at: "2026-07-15T13:00:05".parse().unwrap(),
        }
    }

    #[test]
    fn a_receipt_is_written_as_the_service_reads_it() {
        let advance = slip(Kind::Income, PaidBy::Electronic, "1000", ("vat122", "180.33"));
        let contact = Contact::Email("ivan@example.ru".into());
        let written = serde_json::to_value(request(&advance, &contact, "https://pay.example.ru").unwrap()).unwrap();
        let expected = json!({
            "external_id": "e-5", "timestamp": "15.07.2026 13:00:05",
            "receipt": {
                "client": {"email": "ivan@example.ru"},
                "company": {"email": "kassa@example.ru", "sno": "osn", "inn": "7702000029", "payment_address": "https://pay.example.ru"},
                "items": [{"name": "Аванс", "price": 1000.00, "quantity": 1, "sum": 1000.00, "payment_method": "advance", "payment_object": "payment",
                           "vat": {"type": "vat122", "sum": 180.33}}],
                "payments": [{"type": 1, "sum": 1000.00}], "vats": [{"type": "vat122", "sum": 180.33}], "total": 1000.00
            }
        });
        assert_eq!(written, expected);
        let text = serde_json::to_string(&request(&advance, &contact, "").unwrap()).unwrap();
        assert!(text.contains("\"total\":1000.00}"), "{text}");

        let offset = slip(Kind::Offset, PaidBy::Advance, "1220.00", ("vat22", "220"));
        let contact = Contact::Phone("+79161234567".into());
        let written = serde_json::to_value(request(&offset, &contact, "").unwrap()).unwrap();
        let receipt = &written["receipt"];
        assert_eq!(receipt["client"], json!({"phone": "+79161234567"}));
        assert_eq!(receipt["items"][0]["payment_method"], "full_payment");
        assert_eq!(
            (&receipt["items"][0]["payment_object"], &receipt["payments"][0]["type"]),
            (&json!("service"), &json!(2))
        );
        let operations = Kind::ALL.iter().map(|kind| operation(*kind)).collect::<Vec<_>>();
        assert_eq!(operations, ["sell", "sell_refund", "sell"]);
    }

    fn no(words: &str, again: bool) -> Heard {
        Heard::Rejected { words: words.to_owned(), again }
    }

    #[test]
    fn answers_to_a_request() {
        let error = |code: i64, kind: &str| json!({"code": code, "text": "words", "type": kind});
        for (status, body, expected) in [
            (200, json!({"uuid": "u-1", "status": "wait", "error": null}), Heard::Taken("u-1".into())),
            (200, json!({"uuid": "u-1", "status": "wait"}), Heard::Taken("u-1".into())),
            (400, json!({"uuid": "u-1", "status": "fail", "error": error(33, "system")}), Heard::Taken("u-1".into())),
            (400, json!({"status": "fail", "error": error(33, "system")}), Heard::Silent("33: words".into())),
            (400, json!({"uuid": "u-2", "status": "fail", "error": error(32, "system")}), no("32: words", false)),
            (401, json!({"error": error(11, "system")}), Heard::NotTaken("11: words".into())),
            (429, json!({"error": error(1, "system")}), Heard::NotTaken("1: words".into())),
            (500, json!({"error": error(1, "system")}), Heard::Silent("1: words".into())),
            (200, json!({"status": "wait"}), strange()),
            (200, json!({"uuid": "../x", "status": "wait"}), strange()),
            (200, json!([]), strange()),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(of_request(status, body.to_string().as_bytes()), expected, "{body}");
        }
        assert_eq!(of_request(StatusCode::OK, b"<html>"), strange());
    }

    #[test]
    fn answers_to_a_question() {
        let payload = json!({
            "fn_number": "9999078900000001", "fiscal_document_number": 133, "fiscal_document_attribute": 3_449_555_941_u64,
            "receipt_datetime": "15.07.2026 13:01:00", "ecr_registration_number": "0000111118041361", "ofd_receipt_url": "https://ofd.example.ru/1",
        });
        let fiscal = Fiscal {
            fiscal_drive: "9999078900000001".into(),
            document: "133".into(),
            sign: "3449555941".into(),
            register: "0000111118041361".into(),
            issued_at: "2026-07-15T13:01:00".parse().unwrap(),
            url: "https://ofd.example.ru/1".into(),
        };
        let error = |code: i64, kind: &str| json!({"code": code, "text": "words", "type": kind});
        for (status, body, expected) in [
            (200, json!({"uuid": "u-1", "status": "done", "error": null, "payload": payload}), Heard::Done(fiscal)),
            (200, json!({"uuid": "u-1", "status": "done", "error": null, "payload": {"fn_number": "9"}}), strange()),
            (200, json!({"uuid": "u-1", "status": "wait", "error": null}), Heard::Waits),
            (200, json!({"uuid": "u-1", "status": "fail", "error": error(-3804, "driver")}), no("-3804: words", false)),
            (200, json!({"uuid": "u-1", "status": "fail", "error": error(1, "timeout")}), no("1: words", true)),
            (404, json!({"status": "fail", "error": error(1, "system")}), Heard::Unknown("1: words".into())),
            (400, json!({"status": "fail", "error": error(34, "system")}), Heard::Unknown("34: words".into())),
            (401, json!({"status": "fail", "error": error(11, "system")}), Heard::NotTaken("11: words".into())),
            (500, json!({"status": "fail", "error": error(1, "system")}), Heard::NotTaken("1: words".into())),
            (200, json!({"uuid": "u-1"}), strange()),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(of_report(status, body.to_string().as_bytes(), "u-1"), expected, "{body}");
        }
        let another = json!({"uuid": "u-2", "status": "done", "error": null, "payload": payload}).to_string();
        assert!(matches!(of_report(StatusCode::OK, another.as_bytes(), "u-1"), Heard::Silent(_)));
    }

    #[test]
    fn tokens() {
        assert_eq!(token(br#"{"error": null, "token": "t", "timestamp": ""}"#), Ok("t".to_owned()));
        let refused = br#"{"error": {"code": 12, "text": "login", "type": "system"}, "token": ""}"#;
        assert_eq!(token(refused), Err("12: login".to_owned()));
        assert!(token(b"{}").is_err() && token(b"<html>").is_err());
    }
}
