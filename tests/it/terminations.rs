//! Contracts that are ended for debt: whose term runs, who is proposed, what is done.

use serde_json::{Value, json};

use crate::api::Answer;
use crate::credit::Desk;

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// Accounts of the list in a state, what is due first before.
async fn listed(desk: &Desk, state: &str) -> Vec<String> {
    let list = desk.api.get(&format!("/v1/terminations?state={state}&sort=due_on"), "support").await;
    let rows = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text));
    rows.iter().map(|row| row["account"].as_str().unwrap().to_owned()).collect()
}

async fn row(desk: &Desk, account: &str) -> Value {
    desk.api.get(&format!("/v1/terminations?account={account}"), "support").await.body["items"][0].clone()
}

async fn decide(desk: &Desk, account: &str, verdict: &str, role: &str) -> Answer {
    let id = row(desk, account).await["approval"].clone();
    let body = json!({"comment": "по акту сверки"});
    desk.api.ask("POST", &format!("/v1/approvals/{id}/{verdict}"), role, &[("Accept-Language", "en")], Some(body)).await
}

/// A contract in force of the client with the code of an account, which covers these accounts; its number.
async fn contract(desk: &Desk, client: &str, accounts: &[&str]) -> (i64, String) {
    let body = json!({"template": "t", "kind": "service", "accounts": accounts});
    let made = desk.post("sales", &format!("/v1/clients/{client}/contracts"), body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.body["id"].as_i64().unwrap();
    let active = desk.post("sales", &format!("/v1/contracts/{id}/activate"), json!({})).await;
    assert_eq!(active.status, 200, "{}", active.text);
    (id, active.body["number"].as_str().unwrap().to_owned())
}

/// Five debtors of July, each for 1000.00, who were notified on 31 August 2026.
async fn debtors() -> Desk {
    let desk = Desk::open("2026-08-31T07:00:00Z").await;
    for code in ["debt", "late", "paid", "part", "no"] {
        desk.account(code, ("postpaid", "none", "0")).await;
        desk.document(code, "upd", ("2026-07", "2026-08-03"), "1000.00").await;
        desk.notice(code).await;
    }
    desk.sql(
        "UPDATE client SET email = 'debt@example.ru', manager_id = (SELECT id FROM staff_user WHERE login = 'sales') WHERE code = 'debt';
         UPDATE staff_user SET email = 'sales@example.ru' WHERE login = 'sales';
         UPDATE did SET status = 'in_work', account_id = (SELECT id FROM account WHERE code = 'debt') WHERE number = '74950000008';
         UPDATE did SET status = 'reserved', account_id = (SELECT id FROM account WHERE code = 'debt') WHERE number = '74950000009'",
    )
    .await;
    let template = json!({"code": "t", "title": "Договор", "legal_entity": "T", "language": "ru", "body": "Договор {{contract.number}}"});
    let made = desk.post("settlement", "/v1/contract-templates", template).await;
    assert_eq!(made.status, 201, "{}", made.text);
    desk
}

/// M70, A16: six months after the notice of 31 August, on 28 February, it is proposed to end the contract of who has not paid; once that is approved the contract
/// ends, the number goes to the archive, the account stays open and blocked, client and manager are written to.
#[tokio::test(flavor = "multi_thread")]
async fn contracts_of_debtors_end_once_that_is_approved() {
    let desk = debtors().await;
    let (id, number) = contract(&desk, "debt", &["debt"]).await;
    desk.at("2026-09-01T02:00:00Z");
    let begun = desk.job("terminate", "2026-09-01").await;
    assert_eq!((&begun["waiting"], &begun["due"]), (&json!(5), &json!(0)), "{begun}");
    desk.at("2026-12-01T07:00:00Z");
    desk.pay("paid", "2026-12-01", "1000.00").await;
    desk.pay("part", "2026-12-01", "999.99").await;
    let early = json!({"kind": "account.terminate", "entity_id": "debt", "payload": {}});
    assert_eq!(said(&desk.post("sales", "/v1/approvals", early).await), (409, "termination_not_due"));

    // The day before the term.
    desk.at("2027-02-27T02:00:00Z");
    let before = desk.job("terminate", "2027-02-27").await;
    let figures = ["waiting", "resolved", "due", "proposed", "executed", "failed"].map(|name| before[name].clone());
    assert_eq!(figures, [json!(4), json!(1), json!(0), json!(0), json!(0), json!(0)], "{before}");
    assert_eq!(listed(&desk, "waiting").await.len(), 4);
    assert_eq!(listed(&desk, "resolved").await, ["paid"]);
    let soon = row(&desk, "part").await;
    assert_eq!(
        (&soon["due_on"], &soon["owed"], &soon["debt"]),
        (&json!("2027-02-28"), &json!("0.01"), &json!("0.01")),
        "{soon}"
    );

    desk.at("2027-02-28T02:00:00Z");
    let due = desk.job("terminate", "2027-02-28").await;
    assert_eq!((&due["due"], &due["proposed"], &due["executed"]), (&json!(4), &json!(4), &json!(0)), "{due}");
    assert_eq!(desk.again("terminate", "2027-02-28").await["proposed"], json!(0), "once");
    assert_eq!(listed(&desk, "proposed").await.len(), 4);
    assert_eq!(desk.blocks("debt").await, Vec::<String>::new(), "nothing is done yet");
    let asked = desk.api.get(&format!("/v1/approvals/{}", row(&desk, "debt").await["approval"]), "head").await;
    let payload = &asked.body["payload"];
    assert_eq!(
        (&payload["owed"], &payload["contracts"], &payload["numbers"], &asked.body["requested_by"]),
        (&json!("1000"), &json!([number]), &json!(1), &json!("system")),
        "{}",
        asked.text
    );

    // Who has paid since is asked for nothing.
    desk.pay("late", "2027-02-28", "1000.00").await;
    assert_eq!(said(&decide(&desk, "late", "approve", "head").await), (409, "stale_request"));
    assert_eq!(said(&decide(&desk, "debt", "approve", "accounting").await), (403, "forbidden"));
    assert_eq!(said(&decide(&desk, "no", "refuse", "head").await), (200, ""));
    let done = decide(&desk, "debt", "approve", "head").await;
    assert_eq!((said(&done), &done.body["state"]), ((200, ""), &json!("executed")), "{}", done.text);

    let ended = desk.api.get(&format!("/v1/contracts/{id}"), "sales").await.body;
    assert_eq!((&ended["state"], &ended["terminated_at"]), (&json!("terminated"), &json!("2027-02-28T02:00:00Z")));
    assert!(ended["termination_reason"].as_str().unwrap().contains("31.08.2026"), "{ended}");
    let did = desk.api.get("/v1/dids/74950000008", "support").await.body;
    assert_eq!(
        (&did["status"], &did["account"], &did["archived_at"]),
        (&json!("archive"), &Value::Null, &json!("2027-02-28T02:00:00Z")),
        "{did}"
    );
    assert_eq!(desk.api.get("/v1/dids/74950000009", "support").await.body["status"], json!("reserved"));
    let card = desk.api.get("/v1/accounts/debt", "support").await.body;
    assert_eq!((&card["active"], &card["status"]), (&json!(true), &json!("blocked")), "{card}");
    assert_eq!(desk.blocks("debt").await, ["terminated"]);
    let mails = desk.api.get("/v1/mails?client=debt&kind=termination", "support").await;
    let mut classes: Vec<&str> =
        mails.body["items"].as_array().unwrap().iter().map(|mail| mail["class"].as_str().unwrap()).collect();
    classes.sort_unstable();
    assert_eq!(classes, ["legal", "service"], "{}", mails.text);
    let shown = row(&desk, "debt").await;
    assert_eq!(
        (&shown["state"], &shown["executed_by"], &shown["contracts"], &shown["numbers"]),
        (&json!("executed"), &json!("head"), &json!([number]), &json!(1)),
        "{shown}"
    );
    let history = desk.api.get("/v1/audit/account/debt", "admin").await.body;
    let is_told = history["items"].as_array().unwrap().iter().any(|line| line["action"] == "account.terminate");
    assert!(is_told, "{history}");

    // What it owes is paid all the same; that brings nothing back, a person does.
    desk.pay("debt", "2027-02-28", "1000.00").await;
    assert_eq!(desk.blocks("debt").await, ["terminated"]);
    let blocks = desk.api.get("/v1/account-blocks?account=debt&in_force=true", "support").await.body;
    let lift = format!("/v1/account-blocks/{}", blocks["items"][0]["id"]);
    let lifted = desk.api.ask("DELETE", &lift, "head", &[], Some(json!({"reason": "новый договор"}))).await;
    assert!(lifted.status < 300, "{}", lifted.text);
    assert_eq!(desk.blocks("debt").await, Vec::<String>::new());

    // The next night: who has paid is resolved, who was refused is left, what is done is done.
    desk.at("2027-03-01T02:00:00Z");
    let next = desk.job("terminate", "2027-03-01").await;
    let figures = ["waiting", "resolved", "due", "proposed"].map(|name| next[name].clone());
    assert_eq!(figures, [json!(2), json!(1), json!(1), json!(0)], "{next}");
    assert_eq!(
        (listed(&desk, "declined").await, listed(&desk, "proposed").await, listed(&desk, "resolved").await.len()),
        (vec!["no".to_owned()], vec!["part".to_owned()], 2)
    );
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// M70: where the setting says so it is done by itself, missed nights included; a contract that covers another account which goes on stays for that, what people
/// have refused is not done, `off` does nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn contracts_of_debtors_end_by_themselves_where_that_is_set() {
    let desk = debtors().await;
    desk.sql(
        "INSERT INTO account (code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy)
         SELECT 'debt-2', client_id, 1, 'RUB', 'Europe/Moscow', 'prepaid', 'none' FROM account WHERE code = 'debt';
         INSERT INTO account_balance (account_id) SELECT id FROM account WHERE code = 'debt-2'",
    )
    .await;
    let (shared, number) = contract(&desk, "debt", &["debt", "debt-2"]).await;
    let (own, _) = contract(&desk, "late", &["late"]).await;
    desk.at("2027-03-01T07:00:00Z");
    assert_eq!(desk.job("terminate", "2027-02-28").await["proposed"], json!(5));
    assert_eq!(said(&decide(&desk, "no", "refuse", "head").await), (200, ""));
    desk.setting("credit.termination_mode", "off").await;
    let off = desk.again("terminate", "2027-02-28").await;
    assert_eq!((&off["due"], &off["proposed"], &off["executed"]), (&json!(4), &json!(0), &json!(0)), "{off}");
    desk.setting("credit.termination_mode", "execute").await;
    let done = desk.again("terminate", "2027-02-28").await;
    assert_eq!((&done["due"], &done["executed"], &done["failed"]), (&json!(4), &json!(4), &json!(0)), "{done}");
    assert_eq!(desk.again("terminate", "2027-02-28").await["executed"], json!(0), "once");
    for (id, state) in [(shared, "active"), (own, "terminated")] {
        let contract = desk.api.get(&format!("/v1/contracts/{id}"), "sales").await.body;
        assert_eq!(contract["state"], json!(state), "{contract}");
    }
    let shown = row(&desk, "debt").await;
    assert_eq!(
        (&shown["state"], &shown["executed_by"], &shown["contracts"], &shown["contracts_kept"]),
        (&json!("executed"), &json!("system"), &json!([]), &json!([number])),
        "{shown}"
    );
    // Nobody can be written to.
    let late = row(&desk, "late").await;
    assert_eq!((&late["mail"], &late["manager_mail"]), (&Value::Null, &Value::Null), "{late}");
    assert_eq!(desk.blocks("no").await, Vec::<String>::new());
    // What waited for an approval has nothing left to approve.
    assert_eq!(said(&decide(&desk, "late", "approve", "head").await), (409, "stale_request"));
    desk.world.drop().await;
}
