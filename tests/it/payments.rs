//! Payments: statements of banks, the work list, what is paid, refunds, moves, payments that are searched for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use billing::change::Begun;
use billing::documents::{self, DocumentKind, NewDocument};
use billing::payments::{self, GatewayPayment};
use billing::{Actor, Change, FixedClock, staff};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use tests::World;

use crate::api::{Answer, Api};

/// The account of legal entity T at its bank.
const OWN: &str = "40702810400000000001";
/// A client with account A-000042 at T, and A-000060 at U.
const ROMASHKA: &str = "7702000029";
/// A client with accounts A-000043 and A-000044 at T.
const LYUTIK: &str = "7803000032";
/// Nobody's.
const UNKNOWN: &str = "500100732259";

fn now() -> DateTime<Utc> {
    "2026-07-15T10:00:00Z".parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// A line of money that came: number, day, sum, INN of the payer, purpose.
type Came<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

/// An exchange file of the account [`OWN`] about these days of July.
fn exchange(from: u32, to: u32, lines: &[Came<'_>]) -> String {
    let mut file = vec![
        "1CClientBankExchange".to_owned(),
        "ВерсияФормата=1.03".to_owned(),
        "Кодировка=Windows".to_owned(),
        format!("ДатаНачала={from:02}.07.2026"),
        format!("ДатаКонца={to:02}.07.2026"),
        format!("РасчСчет={OWN}"),
    ];
    for (number, day, sum, inn, purpose) in lines {
        file.extend([
            "СекцияДокумент=Платежное поручение".to_owned(),
            format!("Номер={number}"),
            format!("Дата={day}"),
            format!("Сумма={sum}"),
            "ПлательщикСчет=40702810900000000777".to_owned(),
            "Плательщик1=ООО \"Плательщик\"".to_owned(),
            format!("ПлательщикИНН={inn}"),
            format!("ПолучательСчет={OWN}"),
            format!("ДатаПоступило={day}"),
            format!("НазначениеПлатежа={purpose}"),
            "КонецДокумента".to_owned(),
        ]);
    }
    file.push("КонецФайла".to_owned());
    file.join("\r\n") + "\r\n"
}

/// The same in the code page of Windows.
fn windows_1251(text: &str) -> Vec<u8> {
    let byte = |letter: char| match letter {
        'А'..='я' => (u32::from(letter) - u32::from('А') + 0xc0) as u8,
        'ё' => 0xb8,
        'Ё' => 0xa8,
        '№' => 0xb9,
        other => u8::try_from(other).unwrap(),
    };
    text.chars().map(byte).collect()
}

/// Two legal entities and what the tests pay for. A-000045 is closed, A-000046 is in another currency.
async fn operator(world: &World) {
    let sql = format!(
        "INSERT INTO legal_entity_bank (legal_entity_id, position, bank, bic, account) VALUES (1, 1, 'Банк', '044525999', '{OWN}');
         INSERT INTO legal_entity (code, name, currency, zone) VALUES ('U', 'Another company', 'RUB', 'Europe/Moscow')"
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
    client(world, "romashka", ROMASHKA).await;
    client(world, "lyutik", LYUTIK).await;
    client(world, "ivan", "770400004067").await;
    for (code, client, entity, currency) in [
        ("A-000042", "romashka", "T", "RUB"),
        ("A-000043", "lyutik", "T", "RUB"),
        ("A-000044", "lyutik", "T", "RUB"),
        ("A-000045", "ivan", "T", "RUB"),
        ("A-000046", "ivan", "T", "USD"),
        ("A-000060", "romashka", "U", "RUB"),
    ] {
        account(world, code, client, entity, currency).await;
    }
    world.store.run_past_the_rooms("UPDATE account SET active = false WHERE code = 'A-000045'").await.unwrap();
}

async fn client(world: &World, code: &str, inn: &str) {
    let (kind, kpp) = if inn.len() == 10 { ("legal", "'770201001'") } else { ("sole_proprietor", "NULL") };
    let sql = format!(
        "WITH p AS (INSERT INTO party (kind, name, inn, kpp, created_at) VALUES ('{kind}', '{code}', '{inn}', {kpp}, now()) RETURNING id)
         INSERT INTO client (code, name, party_id) SELECT '{code}', '{code}', id FROM p"
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
}

async fn account(world: &World, code: &str, client: &str, entity: &str, currency: &str) {
    let sql = format!(
        "WITH a AS (INSERT INTO account (code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy)
                    SELECT '{code}', c.id, e.id, '{currency}', 'Europe/Moscow', 'prepaid', 'none' FROM client c, legal_entity e
                    WHERE c.code = '{client}' AND e.code = '{entity}' RETURNING id)
         INSERT INTO account_balance (account_id) SELECT id FROM a"
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
}

/// A payment invoice that nothing has paid yet, whatever the account has in advance.
async fn document(world: &World, account: &str, number: &str, issued_on: &str, amount: &str) {
    let sql = format!(
        "INSERT INTO document (account_id, kind, number, month, issued_on, issued_at, amount, payable, author, created_at)
         SELECT id, 'payment_invoice', '{number}', date_trunc('month', '{issued_on}'::date)::date, '{issued_on}', '{issued_on}', {amount}, true, 'test', now()
         FROM account WHERE code = '{account}'"
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
}

async fn import(api: &Api, file: &[u8]) -> Answer {
    let english = [("Accept-Language", "en")];
    api.send("POST", "/v1/bank-statements?file=kl_to_1c.txt", "accounting", &english, file).await
}

/// Asks with a reason.
async fn ask(api: &Api, role: &str, path: &str, body: Value) -> Answer {
    let mut body = body;
    body["reason"] = json!("test");
    api.ask("POST", path, role, &[("Accept-Language", "en")], Some(body)).await
}

async fn rows(api: &Api, list: &str) -> Vec<Value> {
    let answer = api.get(&format!("/v1/{list}"), "accounting").await;
    answer.body["items"].as_array().unwrap_or_else(|| panic!("{}", answer.text)).clone()
}

/// The number of the payment by the document with this number.
async fn payment(api: &Api, number: &str) -> i64 {
    let rows = rows(api, &format!("payments?number={number}&sort=id")).await;
    rows[0]["id"].as_i64().unwrap()
}

async fn card(api: &Api, id: i64) -> Value {
    let card = api.get(&format!("/v1/payments/{id}"), "accounting").await;
    assert_eq!(card.status, 200, "{}", card.text);
    card.body
}

/// What a payment pays now: number and sum.
fn pays(card: &Value) -> Vec<(&str, &str)> {
    let parts = card["pays"].as_array().unwrap().iter().filter(|part| part["ended_at"].is_null());
    parts.map(|part| (part["number"].as_str().unwrap(), part["amount"].as_str().unwrap())).collect()
}

async fn balance(api: &Api, account: &str) -> String {
    let card = api.get(&format!("/v1/accounts/{account}"), "accounting").await;
    card.body["balance"].as_str().unwrap_or_else(|| panic!("{}", card.text)).to_owned()
}

/// How far a document is paid, and what is left of it.
async fn paid(api: &Api, number: &str) -> (String, String) {
    let rows = rows(api, &format!("documents?number={number}")).await;
    let text = |name: &str| rows[0][name].as_str().unwrap().to_owned();
    (text("state"), text("rest"))
}

/// The postings of an account, the oldest first: kind, real, amount.
async fn postings(api: &Api, account: &str) -> Vec<(String, bool, String)> {
    let rows = rows(api, &format!("postings?account={account}&sort=id")).await;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(row, "kind"), row["is_real"].as_bool().unwrap(), text(row, "amount"))).collect()
}

/// A payment by hand on an account; its number.
async fn pay(api: &Api, account: &str, number: &str, amount: &str) -> i64 {
    let body = json!({"account": account, "bank_account": OWN, "number": number, "value_date": "2026-07-15", "amount": amount});
    let made = ask(api, "accounting", "/v1/payments", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["id"].as_i64().unwrap()
}

/// A change of an accountant, for what other rooms call.
async fn begun(world: &World) -> Change {
    let user = staff::authenticate(&world.store, "token-accounting", now()).await.unwrap().unwrap();
    let actor = Actor::named(user.id, &user.login, "test");
    match Change::begin(&world.store, &FixedClock(now()), actor, None).await.unwrap() {
        Begun::New(change) => change,
        Begun::Repeated(..) | Begun::KeyReused => panic!("a change without a key is new"),
    }
}

/// L17: with the number of the invoice it is paid, a part of it is no payment of it, without anything it waits until somebody says whose it is.
#[tokio::test(flavor = "multi_thread")]
async fn payments_are_bound_to_invoices() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    document(&world, "A-000042", "123", "2026-06-30", "3270.00").await;
    document(&world, "A-000042", "124", "2026-07-01", "3270.00").await;
    let file = exchange(
        14,
        14,
        &[
            ("17", "14.07.2026", "3270.00", ROMASHKA, "Оплата по счёту № 123 от 30.06.2026"),
            ("18", "14.07.2026", "3000.00", ROMASHKA, "Оплата по счету № 124"),
            ("19", "14.07.2026", "3270.00", "", "За услуги связи"),
        ],
    );
    let english = [("Accept-Language", "en")];
    let seen = api.send("POST", "/v1/bank-statements/preview", "accounting", &english, file.as_bytes()).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    let counts = |answer: &Answer| {
        let one = &answer.body["statements"][0];
        ["lines", "new", "known", "booked", "waiting", "entered", "own", "outgoing"]
            .map(|name| one[name].as_u64().unwrap())
    };
    assert_eq!(counts(&seen), [3, 3, 0, 2, 1, 0, 0, 0]);
    let first = &seen.body["statements"][0]["new_lines"][0];
    assert_eq!((&first["account"], &first["because"]), (&json!("A-000042"), &json!("invoice")), "{first}");
    assert!(rows(&api, "payments").await.is_empty(), "a preview writes nothing");

    let done = import(&api, file.as_bytes()).await;
    assert_eq!((done.status, counts(&done)), (201, [3, 3, 0, 2, 1, 0, 0, 0]), "{}", done.text);
    assert_eq!(balance(&api, "A-000042").await, "6270");
    assert_eq!(paid(&api, "123").await, ("paid".into(), "0".into()));
    assert_eq!(paid(&api, "124").await, ("partly_paid".into(), "270".into()));
    let whole = card(&api, payment(&api, "17").await).await;
    assert_eq!((&whole["state"], &whole["rule"], &whole["free"]), (&json!("booked"), &json!("invoice"), &json!("0")));
    assert_eq!(pays(&whole), [("123", "3270")]);

    // The work list, and a person who knows.
    let waiting = rows(&api, "payments?state=unmatched").await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (&waiting[0]["number"], &waiting[0]["doubt"], &waiting[0]["account"]),
        (&json!("19"), &json!("nothing"), &Value::Null)
    );
    assert!(!waiting[0]["why"].as_str().unwrap().is_empty());
    let id = waiting[0]["id"].as_i64().unwrap();
    let body = json!({"account": "A-000042", "pays": {"items": [{"kind": "payment_invoice", "number": "124"}]}});
    let path = format!("/v1/payments/{id}/match");
    assert_eq!(said(&ask(&api, "sales", &path, body.clone()).await), (403, "forbidden"));
    let matched = ask(&api, "accounting", &path, body.clone()).await;
    assert_eq!(said(&matched), (200, ""), "{}", matched.body);
    assert_eq!(said(&ask(&api, "accounting", &path, body).await), (409, "invalid_transition"));
    assert_eq!(paid(&api, "124").await, ("paid".into(), "0".into()));
    let advance = card(&api, id).await;
    assert_eq!(
        (&advance["rule"], &advance["free"], &advance["why"]),
        (&json!("manual"), &json!("3000"), &json!("test"))
    );
    let history = api.get(&format!("/v1/payments/{id}/history"), "support").await;
    assert_eq!(history.body["items"][0]["action"], "payment.match", "{}", history.text);

    assert_eq!(balance(&api, "A-000042").await, "9540");
    world.assert_books_agree().await;
    world.drop().await;
}

/// L17: the same file, one whose days overlap, and one in another code page book nothing twice; two equal real payments of a day stay two; a cut file books nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_money_comes_once() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    let purpose = "Лицевой счет А-000042";
    let first = [
        ("17", "13.07.2026", "100.00", ROMASHKA, purpose),
        ("5", "13.07.2026", "500.00", ROMASHKA, purpose),
        ("5", "13.07.2026", "500.00", ROMASHKA, purpose),
    ];
    let counts = |answer: &Answer| {
        let one = &answer.body["statements"][0];
        ["lines", "new", "known", "booked"].map(|name| one[name].as_u64().unwrap_or(99))
    };
    let file = exchange(13, 13, &first);
    let done = import(&api, file.as_bytes()).await;
    assert_eq!((done.status, counts(&done)), (201, [3, 3, 0, 3]), "{}", done.text);
    assert_eq!(balance(&api, "A-000042").await, "1100");
    for again in [file.clone().into_bytes(), windows_1251(&file)] {
        let refused = import(&api, &again).await;
        assert_eq!(said(&refused), (409, "already_imported"), "{}", refused.body);
    }
    let kept = api.get(&format!("/v1/bank-statements/{}/file", done.body["statements"][0]["id"]), "support").await;
    assert_eq!((kept.status, kept.bytes.as_slice()), (200, file.as_bytes()));

    // The next day's export has the day before in it, in another order.
    let [one, two, three] = first;
    let next = [three, one, ("18", "14.07.2026", "1.00", ROMASHKA, purpose), two];
    let done = import(&api, &windows_1251(&exchange(13, 14, &next))).await;
    assert_eq!((done.status, counts(&done)), (201, [4, 1, 3, 1]), "{}", done.text);
    assert_eq!(balance(&api, "A-000042").await, "1101");
    // A day on which nothing came is news too. Today is not over, so that nothing is complete of it (A15).
    let quiet = import(&api, exchange(13, 15, &next).as_bytes()).await;
    assert_eq!((quiet.status, counts(&quiet)), (201, [4, 0, 4, 0]), "{}", quiet.text);
    let complete = rows(&api, "bank-days?legal_entity=T&sort=day").await;
    let complete: Vec<&str> = complete.iter().map(|row| row["day"].as_str().unwrap()).collect();
    assert_eq!(complete, ["2026-07-13", "2026-07-14"]);

    let more = exchange(15, 15, &[("19", "15.07.2026", "10.00", ROMASHKA, purpose)]);
    let cut = &more.as_bytes()[..more.find("КонецФайла").unwrap()];
    let refused = import(&api, cut).await;
    assert_eq!(said(&refused), (422, "import_faults"), "{}", refused.body);
    assert_eq!(balance(&api, "A-000042").await, "1101");
    // Two who import it at once: one does, the other is told.
    let (one, other) = tokio::join!(import(&api, more.as_bytes()), import(&api, more.as_bytes()));
    let mut both = [one.status, other.status];
    both.sort_unstable();
    assert_eq!(both, [201, 409], "{} {}", one.text, other.text);
    assert_eq!(balance(&api, "A-000042").await, "1111");
    assert_eq!(rows(&api, "payments").await.len(), 5);
    assert_eq!(rows(&api, "bank-statement-lines?direction=in").await.len(), 5);
    // An account that is none of ours.
    let strange = more.replace(OWN, "40702810400000000009");
    let refused = import(&api, strange.as_bytes()).await;
    assert_eq!((said(&refused), &refused.body["errors"][0]["pointer"]), ((422, "validation"), &json!("/bank_account")));
    world.assert_books_agree().await;
    world.drop().await;
}

/// L17: accounts are found by code, contract, INN, and sum; what contradicts itself, is closed, elsewhere or in another currency waits with its candidates.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_found_or_the_payment_waits() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    document(&world, "A-000044", "200", "2026-06-30", "700.00").await;
    let contract = "INSERT INTO contract_template (code, title, legal_entity_id, language, version, created_at, created_by) VALUES ('t', 't', 1, 'ru', 1, now(), 'x');
        INSERT INTO contract_template_version (template_id, version, body, created_at, created_by) SELECT id, version, 't', now(), 'x' FROM contract_template;
        INSERT INTO contract (number, client_id, legal_entity_id, kind, template_id, template_version, state, signed_on, valid_from, created_at, created_by, activated_at)
        SELECT '17/2026', c.id, 1, 'service', t.id, 1, 'active', '2026-01-01', '2026-01-01', now(), 'x', now() FROM contract_template t, client c WHERE c.code = 'lyutik';
        INSERT INTO contract_account (contract_id, account_id) SELECT k.id, a.id FROM contract k, account a WHERE a.code = 'A-000043'";
    world.store.run_past_the_rooms(contract).await.unwrap();
    let lines = [
        ("1", "1.00", "", "Лицевой счет А-000042", "account", "A-000042"),
        ("2", "2.00", "", "Оплата по договору № 17-2026 за связь", "contract", "A-000043"),
        ("3", "3.00", ROMASHKA, "За услуги связи", "inn", "A-000042"),
        ("4", "700.00", LYUTIK, "За услуги связи", "inn_and_sum", "A-000044"),
        ("5", "701.00", LYUTIK, "За услуги связи", "several_accounts", "A-000043,A-000044"),
        ("6", "6.00", ROMASHKA, "Лицевой счет A-000043", "contradiction", "A-000042,A-000043,A-000060"),
        ("7", "7.00", "", "Лицевой счет A-000045", "account_closed", "A-000045"),
        ("8", "8.00", "", "Лицевой счет A-000060", "other_entity", "A-000060"),
        ("9", "9.00", "", "Лицевой счет A-000046", "foreign_currency", "A-000046"),
        ("10", "10.00", UNKNOWN, "За услуги связи", "unknown_inn", ""),
    ];
    let came: Vec<Came<'_>> =
        lines.iter().map(|(number, sum, inn, purpose, ..)| (*number, "14.07.2026", *sum, *inn, *purpose)).collect();
    let done = import(&api, exchange(14, 14, &came).as_bytes()).await;
    assert_eq!(done.status, 201, "{}", done.text);
    let found = rows(&api, "payments?sort=id").await;
    for ((number, .., because, accounts), row) in lines.iter().zip(&found) {
        assert_eq!(row["number"], *number);
        let is_booked = row["state"] == "booked";
        let told = if is_booked { &row["rule"] } else { &row["doubt"] };
        assert_eq!(told, because, "{row}");
        let codes: Vec<&str> =
            row["candidates"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
        let named = if is_booked { row["account"].as_str().unwrap().to_owned() } else { codes.join(",") };
        assert_eq!(named, *accounts, "{row}");
    }
    // 1.00 + 3.00; 2.00; 700.00.
    assert_eq!(balance(&api, "A-000042").await, "4");
    assert_eq!((balance(&api, "A-000043").await, balance(&api, "A-000044").await), ("2".into(), "700".into()));
    assert_eq!(paid(&api, "200").await.0, "paid");

    // By hand nothing gets past these refusals either, and what is refused stays in the list.
    for (number, account, expected) in [
        ("7", "A-000045", (409, "account_closed")),
        ("9", "A-000046", (422, "foreign_currency")),
        ("8", "A-000060", (409, "other_legal_entity")),
        ("5", "no-such", (404, "not_found")),
    ] {
        let id = rows(&api, &format!("payments?number={number}")).await[0]["id"].clone();
        let refused = ask(&api, "accounting", &format!("/v1/payments/{id}/match"), json!({"account": account})).await;
        assert_eq!(said(&refused), expected, "{number}: {}", refused.body);
    }
    assert_eq!(rows(&api, "payments?state=unmatched").await.len(), 6);

    // A17: within the tolerance it is the sum of the invoice, and a part of it.
    document(&world, "A-000043", "201", "2026-06-30", "900.00").await;
    let tolerance = json!({"value": "0.50", "reason": "комиссия банка"});
    assert_eq!(api.ask("PUT", "/v1/settings/match.tolerance", "admin", &[], Some(tolerance)).await.status, 200);
    let less = exchange(15, 15, &[("11", "15.07.2026", "899.50", LYUTIK, "За услуги связи")]);
    assert_eq!(import(&api, less.as_bytes()).await.status, 201);
    assert_eq!(paid(&api, "201").await, ("partly_paid".into(), "0.5".into()));
    world.assert_books_agree().await;
    world.drop().await;
}

/// A payment is entered once, whoever does it and whether the bank tells it later or before; what it cannot be is told by a code and books nothing.
#[tokio::test(flavor = "multi_thread")]
async fn payments_are_entered_once() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    billing::ledger::close_period(&world.store, day("2026-06-01"), now()).await.unwrap();
    let body = || {
        json!({"account": "A-000042", "bank_account": OWN, "number": "17", "value_date": "2026-07-14", "amount": "3270.00",
               "payer": {"name": "ООО «Ромашка»", "inn": ROMASHKA}, "reason": "test"})
    };
    let with = |name: &str, value: Value| {
        let mut body = body();
        body[name] = value;
        body
    };
    for (body, expected, pointer) in [
        (with("amount", json!("1.005")), (422, "too_many_decimals"), Some("/amount")),
        (with("amount", json!("0")), (422, "validation"), Some("/amount")),
        (with("amount", json!("-5")), (422, "validation"), Some("/amount")),
        (with("amount", json!("1000000000")), (422, "validation"), Some("/amount")),
        (with("currency", json!("USD")), (422, "foreign_currency"), Some("/currency")),
        (with("account", json!("A-000045")), (409, "account_closed"), None),
        (with("account", json!("A-000060")), (409, "other_legal_entity"), None),
        (with("account", json!("no-such")), (404, "not_found"), None),
        (with("bank_account", json!("40702810400000000009")), (422, "validation"), Some("/bank_account")),
        (with("value_date", json!("2026-07-16")), (422, "validation"), Some("/value_date")),
        (with("day", json!("2026-06-30")), (409, "period_closed"), Some("/day")),
        (with("source", json!("bank")), (422, "validation"), Some("/source")),
        (with("number", json!("")), (422, "validation"), Some("/number")),
        (with("reason", json!("")), (422, "reason_required"), Some("/reason")),
        (
            with("pays", json!({"items": [{"kind": "payment_invoice", "number": "1"}]})),
            (422, "validation"),
            Some("/pays/items"),
        ),
    ] {
        let refused = api.ask("POST", "/v1/payments", "accounting", &[], Some(body.clone())).await;
        assert_eq!(said(&refused), expected, "{body}: {}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"].as_str(), pointer, "{body}: {}", refused.body);
    }
    assert_eq!(said(&api.ask("POST", "/v1/payments", "sales", &[], Some(body())).await), (403, "forbidden"));
    assert!(rows(&api, "payments").await.is_empty());

    let key = [("Idempotency-Key", "k")];
    let mut ids = Vec::new();
    for _ in 0..2 {
        let made = api.ask("POST", "/v1/payments", "accounting", &key, Some(body())).await;
        assert_eq!((made.status, &made.body["state"]), (201, &json!("booked")), "{}", made.body);
        ids.push(made.body["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    for again in [body(), with("number", json!("0017"))] {
        let refused = api.ask("POST", "/v1/payments", "accounting", &[], Some(again)).await;
        assert_eq!(said(&refused), (409, "already_exists"), "{}", refused.body);
    }
    assert_eq!(balance(&api, "A-000042").await, "3270");
    // The bank tells it: it is tied to its line, and books nothing; what the bank has told nobody enters.
    let lines =
        [("000017", "14.07.2026", "3270.00", ROMASHKA, "Оплата"), ("20", "14.07.2026", "5.00", ROMASHKA, "Оплата")];
    let done = import(&api, exchange(14, 14, &lines).as_bytes()).await;
    let one = &done.body["statements"][0];
    assert_eq!((&one["new"], &one["entered"], &one["booked"]), (&json!(2), &json!(1), &json!(1)), "{}", done.text);
    let mut told = with("number", json!("20"));
    told["amount"] = json!("5");
    assert_eq!(said(&api.ask("POST", "/v1/payments", "accounting", &[], Some(told)).await), (409, "already_exists"));
    assert_eq!(balance(&api, "A-000042").await, "3275");
    assert_eq!(card(&api, ids[0].as_i64().unwrap()).await["statement"], one["id"]);

    // A value date of a closed month stays on the payment; in the books it counts today.
    let mut late = with("number", json!("21"));
    late["value_date"] = json!("2026-06-20");
    let made = api.ask("POST", "/v1/payments", "accounting", &[], Some(late)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let posted = rows(&api, &format!("postings?id={}", made.body["posting"])).await;
    assert_eq!(
        (&posted[0]["day"], &posted[0]["reference"]),
        (&json!("2026-07-15"), &json!(format!("payment:{}", made.body["id"])))
    );
    assert_eq!(card(&api, made.body["id"].as_i64().unwrap()).await["value_date"], json!("2026-06-20"));

    // Without an account the rules look for one.
    for (number, purpose, state) in [("22", "л/с A-000042", "booked"), ("23", "?", "unmatched")] {
        let body = json!({"bank_account": OWN, "number": number, "value_date": "2026-07-15", "amount": "1", "purpose": purpose, "source": "cash"});
        let made = ask(&api, "accounting", "/v1/payments", body).await;
        assert_eq!((made.status, &made.body["state"]), (201, &json!(state)), "{}", made.body);
    }
    let nowhere = json!({"number": "24", "value_date": "2026-07-15", "amount": "1"});
    let refused = ask(&api, "accounting", "/v1/payments", nowhere).await;
    assert_eq!((said(&refused), &refused.body["errors"][0]["pointer"]), ((422, "validation"), &json!("/legal_entity")));
    world.assert_books_agree().await;
    world.drop().await;
}

/// B20, B21: a payment of 500 pays charges of 300 and 200; it is distributed anew as somebody says; a charge that is taken back frees what had paid it.
#[tokio::test(flavor = "multi_thread")]
async fn payments_are_distributed_over_charges() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    let mut charges = Vec::new();
    for amount in ["300.00", "200.00"] {
        let body = json!({"product": "telephony", "amount": amount});
        let answer = ask(&api, "head", "/v1/accounts/A-000042/charges", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        charges.push(answer.body["posting"].to_string());
    }
    let [first, second] = [charges[0].as_str(), charges[1].as_str()];
    let id = pay(&api, "A-000042", "17", "500.00").await;
    assert_eq!(pays(&card(&api, id).await), [(first, "300"), (second, "200")]);
    assert_eq!(balance(&api, "A-000042").await, "0");

    let path = format!("/v1/payments/{id}/allocate");
    let allocate = async |items: Value| ask(&api, "accounting", &path, json!({"pays": {"items": items}})).await;
    let charge = |number: &str, amount: &str| json!({"kind": "charge", "number": number, "amount": amount});
    for items in [
        json!([charge(second, "200.01")]),
        json!([charge(first, "300"), charge(second, "200.01")]),
        json!([charge("999999", "1")]),
        json!([charge(first, "1"), charge(first, "1")]),
        json!([charge(first, "0")]),
    ] {
        let refused = allocate(items.clone()).await;
        assert_eq!(
            (said(&refused), &refused.body["errors"][0]["pointer"]),
            ((422, "validation"), &json!("/pays/items")),
            "{items}"
        );
    }
    let done = allocate(json!([charge(second, "150")])).await;
    assert_eq!((done.status, done.body["pays"].as_array().map(Vec::len)), (200, Some(1)), "{}", done.body);
    let part = card(&api, id).await;
    assert_eq!((pays(&part), &part["free"]), (vec![(second, "150")], &json!("350")));
    assert_eq!(part["pays"].as_array().unwrap().len(), 3, "what it paid before stays on the card");
    let done = ask(&api, "accounting", &path, json!({})).await;
    assert_eq!(done.body["pays"].as_array().map(Vec::len), Some(2), "{}", done.body);
    let of_charge = rows(&api, &format!("payment-allocations?kind=charge&number={first}&in_force=true")).await;
    assert_eq!((of_charge.len(), &of_charge[0]["payment"], &of_charge[0]["amount"]), (1, &json!(id), &json!("300")));

    // M43: taken back by three; B21: the 300 are free again.
    let body = json!({"kind": "posting.reverse", "entity_id": first, "payload": {}, "reason": "услуги не было"});
    let asked = api.ask("POST", "/v1/approvals", "sales", &[], Some(body)).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    for role in ["head", "settlement"] {
        let path = format!("/v1/approvals/{}/approve", asked.body["id"]);
        let answer = api.ask("POST", &path, role, &[], Some(json!({"comment": "ok"}))).await;
        assert_eq!(answer.status, 200, "{role}: {}", answer.body);
    }
    let freed = card(&api, id).await;
    assert_eq!((pays(&freed), &freed["free"]), (vec![(second, "200")], &json!("300")));
    assert_eq!(balance(&api, "A-000042").await, "300");
    world.assert_books_agree().await;
    world.drop().await;
}

/// Money is given back as far as it is left, and as far as it is the account's own; what nobody could place goes back whole.
#[tokio::test(flavor = "multi_thread")]
async fn refunds_give_back_what_is_left() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    document(&world, "A-000042", "123", "2026-06-30", "300.00").await;
    let id = pay(&api, "A-000042", "17", "500.00").await;
    let refund =
        async |id: i64, body: Value| ask(&api, "accounting", &format!("/v1/payments/{id}/refunds"), body).await;
    let beyond = refund(id, json!({"amount": "200.01"})).await;
    assert_eq!(said(&beyond), (422, "insufficient_funds"), "{}", beyond.body);
    assert_eq!(refund(id, json!({"amount": "1.005"})).await.body["code"], "too_many_decimals");
    assert_eq!(refund(id, json!({"amount": "-1"})).await.status, 422);
    let part = refund(id, json!({"amount": "100", "number": "205"})).await;
    assert_eq!((part.status, &part.body["amount"]), (201, &json!("100")), "{}", part.body);
    let rest = refund(id, json!({})).await;
    assert_eq!((rest.status, &rest.body["amount"]), (201, &json!("100")), "{}", rest.body);
    assert_eq!(said(&refund(id, json!({})).await), (422, "insufficient_funds"));
    assert_eq!(
        (balance(&api, "A-000042").await, card(&api, id).await["state"].clone()),
        ("300".into(), json!("booked"))
    );
    // What it pays is freed first.
    let freed = ask(&api, "accounting", &format!("/v1/payments/{id}/allocate"), json!({"pays": {"items": []}})).await;
    assert_eq!(freed.status, 200, "{}", freed.body);
    // A call under way has reserved 250 of the 300 (B17).
    let call = "INSERT INTO account_hold (account_id) SELECT id FROM account WHERE code = 'A-000042' ON CONFLICT DO NOTHING;
                INSERT INTO hold (source, call_id, leg, account_id, state, service, src, dst, currency, amount, price, seconds, request, created_at, ends_by, expires_at)
                SELECT 'sbc', 'c', 0, id, 'open', 'outgoing', '', '', 'RUB', 250, 250, 600, '{}', '2026-07-15T10:00:00Z', '2026-07-16T10:00:00Z', '2026-07-16T10:00:00Z'
                FROM account WHERE code = 'A-000042'";
    world.store.run_past_the_rooms(call).await.unwrap();
    let reserved = refund(id, json!({})).await;
    assert_eq!(said(&reserved), (422, "money_reserved"), "{}", reserved.body);
    world.store.run_past_the_rooms("DELETE FROM hold").await.unwrap();
    assert_eq!(refund(id, json!({})).await.body["amount"], json!("300"));
    assert_eq!(said(&refund(id, json!({})).await), (409, "invalid_transition"));
    let done = card(&api, id).await;
    assert_eq!((&done["state"], &done["refunded"], &done["free"]), (&json!("refunded"), &json!("500"), &json!("0")));
    assert_eq!(paid(&api, "123").await.0, "unpaid");
    let row = |kind: &str, amount: &str| (kind.to_owned(), true, amount.to_owned());
    assert_eq!(
        postings(&api, "A-000042").await,
        [row("payment", "500"), row("refund", "-100"), row("refund", "-100"), row("refund", "-300")]
    );
    assert_eq!(rows(&api, &format!("payment-refunds?payment={id}")).await.len(), 3);

    // 400 of the 500 were spent: 100 are its own.
    let other = pay(&api, "A-000043", "18", "500.00").await;
    let charged =
        ask(&api, "head", "/v1/accounts/A-000043/charges", json!({"product": "telephony", "amount": "400"})).await;
    assert_eq!(charged.status, 201, "{}", charged.body);
    let beyond = refund(other, json!({"amount": "200"})).await;
    assert_eq!(said(&beyond), (422, "insufficient_funds"), "{}", beyond.body);
    assert!(beyond.body["errors"][0]["detail"].as_str().unwrap().contains("100"), "{}", beyond.body);
    // Two at once get no more than is there.
    let (one, another) = tokio::join!(refund(other, json!({"amount": "60"})), refund(other, json!({"amount": "60"})));
    let mut both = [one.status, another.status];
    both.sort_unstable();
    assert_eq!(both, [201, 422]);
    assert_eq!(balance(&api, "A-000043").await, "40");

    let lines = [("30", "14.07.2026", "70.00", "", "?")];
    assert_eq!(import(&api, exchange(14, 14, &lines).as_bytes()).await.status, 201);
    let waiting = payment(&api, "30").await;
    assert_eq!(said(&refund(waiting, json!({"amount": "1"})).await), (422, "insufficient_funds"));
    let whole = refund(waiting, json!({})).await;
    assert_eq!((whole.status, &whole.body["posting"]), (201, &Value::Null), "{}", whole.body);
    assert_eq!(card(&api, waiting).await["state"], json!("refunded"));
    world.assert_books_agree().await;
    world.drop().await;
}

/// T22, A24: a payment is moved in one step, to another legal entity by an agreement alone; what was booked stays beside what took it back.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_in_the_wrong_place_is_moved() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    document(&world, "A-000042", "123", "2026-06-30", "3270.00").await;
    document(&world, "A-000060", "77", "2026-06-30", "3270.00").await;
    let file = exchange(14, 14, &[("17", "14.07.2026", "3270.00", ROMASHKA, "Оплата")]);
    assert_eq!(import(&api, file.as_bytes()).await.status, 201);
    let id = payment(&api, "17").await;
    assert_eq!(paid(&api, "123").await.0, "paid");
    let relocate = async |id: i64, body: Value| ask(&api, "accounting", &format!("/v1/payments/{id}/move"), body).await;
    for (body, expected) in [
        (json!({"account": "A-000042"}), (409, "invalid_transition")),
        (json!({"account": "A-000045"}), (409, "account_closed")),
        (json!({"account": "A-000046"}), (422, "foreign_currency")),
        (json!({"account": "A-000060"}), (422, "validation")),
        (json!({"account": "no-such"}), (404, "not_found")),
    ] {
        let refused = relocate(id, body.clone()).await;
        assert_eq!(said(&refused), expected, "{body}: {}", refused.body);
    }
    assert_eq!(
        said(&ask(&api, "sales", &format!("/v1/payments/{id}/move"), json!({"account": "A-000043"})).await),
        (403, "forbidden")
    );

    let moved = relocate(id, json!({"account": "A-000043"})).await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    let second = moved.body["id"].as_i64().unwrap();
    assert_eq!(said(&relocate(id, json!({"account": "A-000044"})).await), (409, "invalid_transition"));
    assert_eq!((balance(&api, "A-000042").await, balance(&api, "A-000043").await), ("0".into(), "3270".into()));
    assert_eq!(paid(&api, "123").await.0, "unpaid");
    let (former, latter) = (card(&api, id).await, card(&api, second).await);
    assert_eq!(
        (&former["state"], &former["moved_to"], &former["free"]),
        (&json!("moved"), &json!(second), &json!("0"))
    );
    assert_eq!(
        (&latter["state"], &latter["moved_from"], &latter["value_date"]),
        (&json!("booked"), &json!(id), &json!("2026-07-14"))
    );
    let row = |kind: &str, amount: &str| (kind.to_owned(), true, amount.to_owned());
    assert_eq!(postings(&api, "A-000042").await, [row("payment", "3270"), row("reversal", "-3270")]);

    let agreement = "соглашение о зачёте № 3";
    let moved = relocate(second, json!({"account": "A-000060", "agreement": agreement})).await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    let third = card(&api, moved.body["id"].as_i64().unwrap()).await;
    assert_eq!(
        (&third["legal_entity"], &third["agreement"], &third["account"]),
        (&json!("U"), &json!(agreement), &json!("A-000060"))
    );
    assert_eq!(paid(&api, "77").await, ("paid".into(), "0".into()));
    assert_eq!((balance(&api, "A-000043").await, balance(&api, "A-000060").await), ("0".into(), "3270".into()));
    let history = api.get(&format!("/v1/payments/{id}/history"), "support").await;
    assert_eq!(history.body["items"][0]["action"], "payment.move", "{}", history.text);
    // The file is still known.
    assert_eq!(said(&import(&api, file.as_bytes()).await), (409, "already_imported"));
    world.assert_books_agree().await;
    world.drop().await;
}

/// What the bank takes back is taken back whole; what it paid is open again, and is paid by what else is there.
#[tokio::test(flavor = "multi_thread")]
async fn the_bank_takes_a_payment_back() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    document(&world, "A-000042", "123", "2026-06-30", "3270.00").await;
    let id = pay(&api, "A-000042", "17", "3270.00").await;
    let advance = pay(&api, "A-000042", "18", "1000.00").await;
    assert_eq!(paid(&api, "123").await.0, "paid");
    let back = async |id: i64, body: Value| ask(&api, "accounting", &format!("/v1/payments/{id}/return"), body).await;
    billing::ledger::close_period(&world.store, day("2026-06-01"), now()).await.unwrap();
    assert_eq!(said(&back(id, json!({"day": "2026-06-30"})).await), (409, "period_closed"));
    let done = back(id, json!({})).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(said(&back(id, json!({})).await), (409, "invalid_transition"));
    assert_eq!(balance(&api, "A-000042").await, "1000");
    assert_eq!(paid(&api, "123").await, ("partly_paid".into(), "2270".into()));
    assert_eq!(pays(&card(&api, advance).await), [("123", "1000")]);
    let returned = card(&api, id).await;
    assert_eq!((&returned["state"], pays(&returned).len()), (&json!("returned"), 0));
    let row = |kind: &str, amount: &str| (kind.to_owned(), true, amount.to_owned());
    assert_eq!(
        postings(&api, "A-000042").await,
        [row("payment", "3270"), row("payment", "1000"), row("reversal", "-3270")]
    );
    world.assert_books_agree().await;
    world.drop().await;
}

/// L18: a request has an INN, the mark of the bank and a code of the card; the treasury gets a letter; found, the payment is bound and the invoice paid.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_not_found_is_searched_for() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    document(&world, "A-000042", "123", "2026-06-30", "3270.00").await;
    let order = b"%PDF-1.4 order";
    let body = || {
        json!({"account": "A-000042", "inn": ROMASHKA, "bank_mark": "ИСПОЛНЕНО 14.07.2026", "card_code": "00-17", "order_number": "17", "amount": "3270.00",
               "document": {"kind": "payment_invoice", "number": "123"},
               "file": {"name": "поручение.pdf", "media_type": "application/pdf", "content": STANDARD.encode(order)}})
    };
    let without = |name: &str| {
        let mut body = body();
        body.as_object_mut().unwrap().remove(name);
        body
    };
    let create = async |body: Value| ask(&api, "sales", "/v1/payment-searches", body).await;
    assert_eq!(said(&create(body()).await), (404, "not_configured"));
    let mailbox = json!({"value": "treasury@example.ru", "reason": "test"});
    let set = api.ask("PUT", "/v1/settings/payments.treasury_mailbox", "admin", &[], Some(mailbox)).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let with = |name: &str, value: Value| {
        let mut body = body();
        body[name] = value;
        body
    };
    for (body, pointer) in [
        (without("inn"), "/inn"),
        (with("inn", json!("7702000028")), "/inn"),
        (without("bank_mark"), "/bank_mark"),
        (with("bank_mark", json!(" ")), "/bank_mark"),
        (without("card_code"), "/card_code"),
        (without("file"), "/file"),
        (with("file", json!({"name": "x", "media_type": "text/html", "content": "eA=="})), "/file/media_type"),
        (with("file", json!({"name": "x", "media_type": "application/pdf", "content": "-"})), "/file/content"),
    ] {
        let refused = create(body).await;
        assert_eq!(
            (said(&refused), &refused.body["errors"][0]["pointer"]),
            ((422, "validation"), &json!(pointer)),
            "{}",
            refused.body
        );
    }
    assert!(rows(&api, "payment-searches").await.is_empty());

    let made = create(body()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/v1/payment-searches/{}", made.body["id"]);
    let seen = api.get(&path, "support").await.body;
    assert_eq!(
        (&seen["state"], &seen["card_code"], &seen["file"]),
        (&json!("sent"), &json!("00-17"), &json!("поручение.pdf"))
    );
    let file = api.get(&format!("{path}/file"), "support").await;
    assert_eq!((file.status, file.bytes.as_slice()), (200, order.as_slice()));
    assert!(file.head.contains("attachment"), "{}", file.head);
    let letters = api.get("/v1/mails?kind=payment_search", "admin").await;
    let letter = &letters.body["items"][0];
    assert_eq!(
        (&letter["address"], &letter["state"]),
        (&json!("treasury@example.ru"), &json!("queued")),
        "{}",
        letters.text
    );
    assert!(letter["subject"].as_str().unwrap().contains(ROMASHKA), "{letter}");

    let answer =
        async |role: &str, path: &str, what: &str, body: Value| ask(&api, role, &format!("{path}/{what}"), body).await;
    assert_eq!(said(&answer("sales", &path, "not-found", json!({})).await), (403, "forbidden"));
    assert_eq!(answer("accounting", &path, "not-found", json!({})).await.status, 200);
    assert_eq!(said(&answer("accounting", &path, "not-found", json!({})).await), (409, "invalid_transition"));
    // It turns up all the same, in a line that says nothing.
    let lines = [("17", "14.07.2026", "3270.00", "", "Оплата")];
    assert_eq!(import(&api, exchange(14, 14, &lines).as_bytes()).await.status, 201);
    let found = payment(&api, "17").await;
    let done = answer("accounting", &path, "found", json!({"payment": found})).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(paid(&api, "123").await, ("paid".into(), "0".into()));
    assert_eq!(balance(&api, "A-000042").await, "3270");
    let seen = api.get(&path, "support").await.body;
    assert_eq!((&seen["state"], &seen["payment"], &seen["answer"]), (&json!("found"), &json!(found), &json!("test")));
    assert_eq!(
        said(&answer("accounting", &path, "found", json!({"payment": found})).await),
        (409, "invalid_transition")
    );
    // A payment on another account is moved first; one on the account already is enough.
    let other = create(with("account", json!("A-000043"))).await;
    let other = format!("/v1/payment-searches/{}", other.body["id"]);
    assert_eq!(
        said(&answer("accounting", &other, "found", json!({"payment": found})).await),
        (409, "invalid_transition")
    );
    let again = create(body()).await;
    let again = format!("/v1/payment-searches/{}", again.body["id"]);
    assert_eq!(answer("accounting", &again, "found", json!({"payment": found})).await.status, 200);
    assert_eq!(rows(&api, "payment-searches?state=found").await.len(), 2);
    world.assert_books_agree().await;
    world.drop().await;
}

/// A gateway tells a payment as often as it likes: it is one, ends the intent that it names, and is never refused; the client sees his own.
#[tokio::test(flavor = "multi_thread")]
async fn gateways_and_clients_see_their_payments() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    let intent = "WITH u AS (INSERT INTO client_user (client_id, login, email, name, rights, password_digest, created_at, created_by)
                            SELECT id, 'p@example.ru', 'p@example.ru', 'P', array['view', 'pay'], 'x', now(), 'x' FROM client WHERE code = 'romashka' RETURNING id)
        INSERT INTO payment_intent (id, account_id, user_id, amount, currency, created_at) SELECT 100, a.id, u.id, 1500, 'RUB', now() FROM u, account a WHERE a.code = 'A-000042'";
    world.store.run_past_the_rooms(intent).await.unwrap();
    let told = |account: &'static str, reference: &'static str, amount: &str| GatewayPayment {
        gateway: "bank_card",
        reference,
        account,
        amount: amount.parse().unwrap(),
        currency: "RUB",
        value_date: day("2026-07-15"),
        intent: Some(100),
        purpose: "",
    };
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut change = begun(&world).await;
        let done = payments::receive(&mut change, &told("A-000042", "r-1", "1500.00"), "").await.unwrap();
        change.commit(200, &Value::Null).await.unwrap();
        assert!(done.posting.is_some());
        ids.push(done.id);
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(balance(&api, "A-000042").await, "1500");
    let mut change = begun(&world).await;
    assert!(
        payments::receive(&mut change, &told("A-000042", "r-1", "1.00"), "").await.is_err(),
        "another payment by that reference"
    );
    drop(change);
    let is_paid = format!(
        "DO $$ BEGIN ASSERT EXISTS (SELECT FROM payment_intent WHERE id = 100 AND state = 'paid' AND payment_id = {}); END $$",
        ids[0]
    );
    world.store.run_past_the_rooms(&is_paid).await.unwrap();
    // Money for a closed account came all the same.
    let mut change = begun(&world).await;
    let waits = payments::receive(&mut change, &told("A-000045", "r-2", "10.00"), "").await.unwrap();
    change.commit(200, &Value::Null).await.unwrap();
    assert_eq!(waits.posting, None);
    let seen = card(&api, waits.id).await;
    assert_eq!(
        (&seen["state"], &seen["doubt"], &seen["source"]),
        (&json!("unmatched"), &json!("account_closed"), &json!("card"))
    );

    let user = json!({"email": "r@example.ru", "name": "R", "password": "correct horse", "confirmation": "correct horse", "rights": ["view"]});
    let added = ask(&api, "head", "/v1/clients/romashka/users", user).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let who = json!({"login": "r@example.ru", "password": "correct horse"});
    let session = api.ask("POST", "/v1/cabinet/session", "", &[], Some(who)).await;
    let bearer = format!("Bearer {}", session.body["token"].as_str().unwrap());
    let headers = [("Authorization", bearer.as_str())];
    let chosen = json!({"old_password": "correct horse", "new_password": "four boats on a lake"});
    assert_eq!(api.ask("POST", "/v1/cabinet/password", "", &headers, Some(chosen)).await.status, 200);
    pay(&api, "A-000043", "18", "5.00").await;
    let own = api.ask("GET", "/v1/cabinet/payments", "", &headers, None).await;
    let items = own.body["items"].as_array().unwrap_or_else(|| panic!("{}", own.text));
    assert_eq!(items.len(), 1, "{}", own.text);
    assert_eq!((&items[0]["id"], &items[0]["amount"], &items[0]["pays"]), (&json!(ids[0]), &json!("1500"), &json!([])));
    assert!(!own.text.contains("payer") && !own.text.contains("why"), "{}", own.text);
    world.assert_books_agree().await;
    world.drop().await;
}

/// Advances pay what is issued later, and are free again when it is withdrawn; money is asked for once: what bills services only where it is said that it asks.
#[tokio::test(flavor = "multi_thread")]
async fn advances_pay_what_is_issued_later() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    operator(&world).await;
    let id = pay(&api, "A-000042", "17", "1000.00").await;
    assert_eq!(card(&api, id).await["free"], json!("1000"));
    let enter = async |kind: DocumentKind, number: &str, amount: &str, payable: Option<bool>| {
        let mut change = begun(&world).await;
        let new = NewDocument {
            account: "A-000042",
            kind,
            number,
            month: day("2026-07-01"),
            issued_on: None,
            contract: None,
            amount: amount.parse().unwrap(),
            payable,
        };
        let document = documents::enter(&mut change, &new, "test").await.unwrap();
        change.commit(201, &Value::Null).await.unwrap();
        document
    };
    let free = async || card(&api, id).await["free"].clone();
    let invoice = DocumentKind::PaymentInvoice;
    let first = enter(invoice, "125", "700.00", None).await;
    assert_eq!(paid(&api, "125").await, ("paid".into(), "0".into()));
    enter(invoice, "126", "400.00", None).await;
    assert_eq!(paid(&api, "126").await, ("partly_paid".into(), "100".into()));
    let mut change = begun(&world).await;
    documents::withdraw(&mut change, first, "test").await.unwrap();
    assert!(documents::withdraw(&mut change, first, "test").await.is_err(), "it is none any more");
    change.commit(200, &Value::Null).await.unwrap();
    let seen = card(&api, id).await;
    assert_eq!((pays(&seen), &seen["free"]), (vec![("126", "300"), ("126", "100")], &json!("600")));
    let withdrawn = rows(&api, "documents?number=125").await.remove(0);
    assert_eq!((&withdrawn["state"], &withdrawn["paid"]), (&Value::Null, &json!("0")), "{withdrawn}");
    assert!(!withdrawn["withdrawn_at"].is_null(), "{withdrawn}");
    // Its number is free again: 600 - 500.
    let again = enter(invoice, "125", "500.00", None).await;
    assert_eq!((paid(&api, "125").await.0, free().await), ("paid".into(), json!("100")));
    assert_eq!(rows(&api, "documents?number=125&state=paid").await[0]["id"], json!(again));
    // УПД 7 bills what an invoice asked for: nothing pays it a second time. Act 8 has no invoice: 100 - 60.
    enter(DocumentKind::Upd, "7", "50.00", None).await;
    assert_eq!((&rows(&api, "documents?number=7").await[0]["state"], free().await), (&Value::Null, json!("100")));
    enter(DocumentKind::Act, "8", "60.00", Some(true)).await;
    assert_eq!((paid(&api, "8").await.0, free().await), ("paid".into(), json!("40")));
    // What is paid of a document is what payments pay of it, and each change of that is on record.
    let freed = ask(&api, "accounting", &format!("/v1/payments/{id}/allocate"), json!({"pays": {"items": []}})).await;
    assert_eq!((freed.status, free().await), (200, json!("1000")), "{}", freed.body);
    assert_eq!(rows(&api, "documents?account=A-000042&state=unpaid").await.len(), 3);
    let history = api.get(&format!("/v1/audit/document/{again}"), "head").await;
    let states: Vec<&Value> =
        history.body["items"].as_array().unwrap().iter().map(|line| &line["after"]["state"]).collect();
    assert_eq!(states[..2], [&json!("unpaid"), &json!("paid")], "{}", history.text);
    world.assert_books_agree().await;
    world.drop().await;
}
