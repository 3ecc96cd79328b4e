//! Payments and what becomes of them.

use chrono::NaiveDate;
use rating::wording::Language;

use super::*;
use crate::payments::purpose;
use crate::payments::writing::CodeForm;

/// The company that is paid.
const OWN: &str = "7701000019";
/// A client with account A-000042 here, A-000050 at another legal entity.
const ROMASHKA: &str = "7702000029";
/// A client with two accounts, A-000043 and A-000044, and a closed one.
const LYUTIK: &str = "7803000032";
/// A client with a closed account.
const IVANOV: &str = "770400004067";
/// A bank that is a client too, with account A-000049.
const BANK: &str = "7709000099";

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn facts() -> Facts {
    let account = |id: i64, client_id: i64, entity_id: i32, inns: &[&str], active: bool| AccountFact {
        id,
        code: format!("A-{id:06}"),
        client_id,
        entity_id,
        inns: inns.iter().map(|inn| (*inn).to_owned()).collect(),
        active,
    };
    let contract = |number: &str, signed_on: NaiveDate, account_ids: &[i64]| ContractFact {
        number: number.into(),
        signed_on: Some(signed_on),
        account_ids: account_ids.to_vec(),
    };
    let invoice = |id: i64, number: &str, issued_on: NaiveDate, account_id: i64, rest: &str| InvoiceFact {
        id,
        number: number.into(),
        issued_on,
        account_id,
        rest: rest.parse().unwrap(),
    };
    let january = day(2026, 1, 31);
    Facts {
        entity_id: 1,
        own_inn: Some(OWN.into()),
        accounts: vec![
            account(42, 10, 1, &[ROMASHKA], true),
            account(43, 11, 1, &[LYUTIK], true),
            account(44, 11, 1, &[], true),
            account(45, 11, 1, &[LYUTIK], false),
            account(46, 12, 1, &[IVANOV], false),
            // A person of whom no INN is known.
            account(47, 13, 1, &[], true),
            account(49, 14, 1, &[BANK], true),
            account(50, 10, 2, &[ROMASHKA], true),
            account(51, 15, 2, &["500100732259"], true),
        ],
        contracts: vec![
            contract("17/2026", day(2026, 1, 1), &[42]),
            contract("18/2026", day(2026, 1, 1), &[43, 44]),
            contract("19/2026", day(2026, 1, 1), &[50]),
            contract("20/2026", day(2026, 1, 1), &[51]),
            contract("21", day(2025, 1, 1), &[42]),
            contract("21", day(2026, 1, 1), &[43]),
        ],
        invoices: vec![
            invoice(1, "123", january, 42, "3270.00"),
            invoice(2, "124", january, 42, "500.00"),
            invoice(3, "200", january, 43, "1000.00"),
            invoice(4, "201", january, 44, "1000.50"),
            invoice(5, "202", january, 44, "700.00"),
            invoice(6, "300", january, 50, "10.00"),
            invoice(7, "125", january, 42, "1.00"),
            invoice(8, "125", day(2025, 12, 31), 43, "2.00"),
            invoice(9, "400", january, 51, "3270.00"),
            invoice(10, "126", january, 47, "3.00"),
        ],
    }
}

fn payment(inn: &str, amount: &str, purpose: &str) -> Incoming {
    Incoming {
        amount: amount.parse().unwrap(),
        payer_name: "ООО \"Ромашка\"".into(),
        payer_inn: inn.into(),
        payer_account: "40702810900000000777".into(),
        purpose: purpose.into(),
    }
}

fn decided(payment: &Incoming, tolerance: &str) -> Match {
    let form = CodeForm::parse("A-{number:06}").unwrap();
    let named = purpose::read(&payment.purpose, &|word| form.fits(word));
    decide(payment, &named, &facts(), tolerance.parse().unwrap())
}

/// A decision in one line.
fn shown(decision: &Match) -> String {
    let codes = |accounts: &[AccountRef]| {
        accounts.iter().map(|account| account.code.trim_start_matches("A-0000")).collect::<Vec<_>>().join(",")
    };
    match decision {
        Match::One { account, invoices, by } => {
            let invoices: Vec<String> = invoices.iter().map(|invoice| invoice.id.to_string()).collect();
            format!("{} {} [{}]", by.rule.as_str(), codes(std::slice::from_ref(account)), invoices.join(","))
        }
        Match::Several { accounts, why } => format!("{}: {}", why.as_str(), codes(accounts)),
        Match::None { why } => why.as_str().to_owned(),
    }
}

/// INN of the payer | sum | purpose | rule, account and invoices, or doubt and accounts
#[test]
fn the_first_rule_that_applies_decides() {
    for (inn, amount, purpose, expected) in [
        // The code of an account, in whatever writing, with or without the word.
        ("", "5.00", "Лицевой счет А-000042", "account 42 []"),
        ("", "5.00", "оплата a42", "account 42 []"),
        (ROMASHKA, "5.00", "л/с A-000042", "account 42 []"),
        ("7736050003", "5.00", "л/с A-000042", "account 42 []"),
        (ROMASHKA, "5.00", "л/с A-000042 счет 123", "account 42 [1]"),
        // What is paid to a closed account that is named is owed.
        (IVANOV, "5.00", "л/с A-000046", "account 46 []"),
        // An invoice.
        (ROMASHKA, "3270.00", "счет № 123 от 31.01.2026", "invoice 42 [1]"),
        (ROMASHKA, "3000.00", "счет № 000123", "invoice 42 [1]"),
        ("", "3270.00", "счет № 123", "invoice 42 [1]"),
        ("7736050003", "3270.00", "счет № 123", "invoice 42 [1]"),
        (ROMASHKA, "3770.00", "счета № 124, 123", "invoice 42 [2,1]"),
        (ROMASHKA, "3770.00", "счета № 123, 999", "invoice 42 [1]"),
        ("", "3.00", "счет № 126", "invoice 47 [10]"),
        // One number of two years: the date says which, or the payer.
        ("", "1.00", "счет № 125 от 31.12.2025", "invoice 43 [8]"),
        (ROMASHKA, "1.00", "счет № 125", "invoice 42 [7]"),
        ("", "1.00", "счет № 125", "several_named: 42,43"),
        // A contract.
        ("", "5.00", "по договору № 17/2026 от 01.01.2026", "contract 42 []"),
        ("", "5.00", "по дог. 17-2026 от 05.01.2026", "contract 42 []"),
        (LYUTIK, "5.00", "по договору № 18/2026", "several_named: 43,44"),
        (LYUTIK, "1000.50", "по договору № 18/2026, счет 201", "invoice 44 [4]"),
        (LYUTIK, "5.00", "по договору № 18/2026, л/с A-000043", "account 43 []"),
        ("", "5.00", "по договору № 21 от 01.01.2026", "contract 43 []"),
        (ROMASHKA, "5.00", "по договору № 21", "contract 42 []"),
        // The INN.
        (ROMASHKA, "3270.00", "за связь", "inn 42 []"),
        (ROMASHKA, "5.00", "счет № 999", "inn 42 []"),
        (ROMASHKA, "5.00", "счет № 123 от 31.01.2025", "inn 42 []"),
        (ROMASHKA, "5.00", "за ООО Ромашка", "inn 42 []"),
        (ROMASHKA, "5.00", "в пользу ИНН 7701000019", "inn 42 []"),
        // The INN and the sum, with a tolerance of 0.50.
        (LYUTIK, "700.00", "за связь", "inn_and_sum 44 [5]"),
        (LYUTIK, "699.50", "за связь", "inn_and_sum 44 [5]"),
        (LYUTIK, "699.49", "за связь", "several_accounts: 43,44"),
        (LYUTIK, "1000.25", "за связь", "several_invoices: 43,44"),
        (LYUTIK, "999.50", "за связь", "inn_and_sum 43 [3]"),
        // Nothing.
        ("", "5.00", "за связь", "nothing"),
        (OWN, "5.00", "перевод собственных средств", "own_money"),
        ("7736050003", "5.00", "за связь", "unknown_inn"),
        (IVANOV, "5.00", "за связь", "closed: 46"),
        ("500100732259", "3270.00", "за связь", "no_account_here"),
    ] {
        assert_eq!(shown(&decided(&payment(inn, amount, purpose), "0.50")), expected, "{inn} {amount} {purpose}");
    }
}

/// INN of the payer | purpose | decision
#[test]
fn who_pays_for_another_is_not_taken_for_him() {
    for (inn, purpose, expected) in [
        (ROMASHKA, "за ООО Лютик ИНН 7803000032", "several_accounts: 43,44"),
        (LYUTIK, "за ООО Ромашка ИНН 7702000029", "inn 42 []"),
        (LYUTIK, "за ООО \"Ромашка\" ИНН 7702000029, л/с A-000042", "account 42 []"),
        (LYUTIK, "за ООО \"Ромашка\" ИНН 7702000029, л/с A-000043", "contradiction: 42,43,50"),
        // Without an INN only what is named counts.
        (ROMASHKA, "за ООО Лютик", "third_party"),
        (LYUTIK, "за ООО Тюльпан, счет 123", "invoice 42 [1]"),
        (ROMASHKA, "за ООО Лютик ИНН 7803000031", "broken_inn"),
        (ROMASHKA, "ИНН 7736050003 за связь", "unknown_inn"),
    ] {
        assert_eq!(shown(&decided(&payment(inn, "5.00", purpose), "0")), expected, "{inn} {purpose}");
    }
    // A bank passes on the money of others, and is a client as well.
    let mut through = payment(BANK, "5.00", "за связь");
    assert_eq!(shown(&decided(&through, "0")), "inn 49 []");
    through.payer_account = "30232810000000000001".into();
    assert_eq!(shown(&decided(&through, "0")), "through_bank");
    through.purpose = "Иванов И. И., лицевой счет А-000042".into();
    assert_eq!(shown(&decided(&through, "0")), "account 42 []");
}

/// INN of the payer | purpose | decision
#[test]
fn what_speaks_against_a_match_is_never_passed_over() {
    for (inn, purpose, expected) in [
        (LYUTIK, "л/с A-000042", "contradiction: 42,43,44,45"),
        (LYUTIK, "счет № 123", "contradiction: 42,43,44,45"),
        (LYUTIK, "по договору № 17/2026", "contradiction: 42,43,44,45"),
        (ROMASHKA, "л/с A-000047", "contradiction: 42,47,50"),
        ("", "л/с A-000042 счет № 200", "contradiction: 42,43"),
        ("", "л/с A-000042 договор № 18/2026", "contradiction: 42,43,44"),
        ("", "счет № 200 договор № 17/2026", "contradiction: 42,43"),
        ("", "л/с A-000042 и л/с A-000043", "several_named: 42,43"),
        ("", "счета № 123, 200", "several_named: 42,43"),
        // 42 or 43, 43 or 44, and 44 or 42: any two agree, all three do not.
        ("", "л/с A-000042, № A-000043, счета № 200, 201, договор № 18/2026", "account 43 [3]"),
        ("", "л/с A-000042, № A-000043, счета № 123, 201, договор № 18/2026", "contradiction: 42,43,44"),
        // Another company of ours.
        (ROMASHKA, "л/с A-000050", "other_entity: 50"),
        (ROMASHKA, "счет № 300", "other_entity: 50"),
        (ROMASHKA, "по договору № 19/2026", "other_entity: 50"),
        (ROMASHKA, "счет № 400", "inn 42 []"),
        (ROMASHKA, "по договору № 20/2026", "inn 42 []"),
        // It is called an account, and is none of ours.
        (ROMASHKA, "л/с A-000099", "unknown_account: 42"),
        ("", "л/с A-000099", "unknown_account"),
        (ROMASHKA, "A-000099", "inn 42 []"),
        (ROMASHKA, "л/с 20736X12345", "inn 42 []"),
        (ROMASHKA, "л/с A-000099, счет 123", "invoice 42 [1]"),
    ] {
        assert_eq!(shown(&decided(&payment(inn, "5.00", purpose), "0")), expected, "{inn} {purpose}");
    }
}

/// Every combination of what may be known: an account is found only if each thing that is known says that it may be this one.
#[test]
fn nothing_that_is_known_is_against_a_match() {
    let accounts: [(&str, &[i64]); 4] =
        [("", &[]), ("л/с A-000042 ", &[42]), ("л/с A-000043 ", &[43]), ("л/с A-000047 ", &[47])];
    let invoices: [(&str, &[i64]); 5] = [
        ("", &[]),
        ("счет 123 ", &[42]),
        ("счет 200 ", &[43]),
        ("счет 125 ", &[42, 43]),
        ("счета 200, 201 ", &[43, 44]),
    ];
    let contracts: [(&str, &[i64]); 4] =
        [("", &[]), ("договор № 17/2026 ", &[42]), ("договор № 18/2026 ", &[43, 44]), ("договор № 21 ", &[42, 43])];
    let inns: [(&str, &[i64]); 4] = [("", &[]), (ROMASHKA, &[42, 50]), (LYUTIK, &[43, 44, 45]), (BANK, &[49])];
    let mut found = 0;
    for (account, of_account) in accounts {
        for (invoice, of_invoice) in invoices {
            for (contract, of_contract) in contracts {
                for (inn, of_inn) in inns {
                    let purpose = format!("{account}{invoice}{contract}");
                    let known = [of_account, of_invoice, of_contract, of_inn];
                    let speaks = |id: i64| known.iter().all(|accounts| accounts.is_empty() || accounts.contains(&id));
                    let possible: Vec<i64> = (42..=50).filter(|id| speaks(*id)).collect();
                    let is_known = known.iter().any(|accounts| !accounts.is_empty());
                    match decided(&payment(inn, "9.99", &purpose), "0") {
                        Match::One { account, .. } => {
                            assert!(is_known && possible.contains(&account.id), "{inn} {purpose}: {}", account.code);
                            found += 1;
                        }
                        decision => {
                            let named = !purpose.is_empty();
                            // Where one thing is left and something is named, it is found.
                            assert!(!(named && possible.len() == 1), "{inn} {purpose}: {}", shown(&decision));
                        }
                    }
                }
            }
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn decisions_are_explained_in_both_languages() {
    for (inn, amount, purpose, russian, english) in [
        (
            ROMASHKA,
            "3270.00",
            "л/с A-000042 счет 123",
            "Лицевой счёт A-000042: он назван в назначении платежа. Оплачиваются счета: № 123",
            "Account A-000042: it is named in the purpose. Invoices paid: No. 123",
        ),
        (
            ROMASHKA,
            "1.00",
            "счет № 125",
            "Лицевой счёт A-000042: в назначении платежа назван счёт № 125; из нескольких подходящих его выбрал ИНН плательщика 7702000029. Оплачиваются счета: № 125",
            "Account A-000042: the purpose names invoice No. 125; of several that fit it was chosen by the payer's INN 7702000029. Invoices paid: No. 125",
        ),
        (
            LYUTIK,
            "5.00",
            "л/с A-000042",
            "Подходят лицевые счета A-000042, A-000043, A-000044, A-000045: лицевой счёт A-000042 и ИНН плательщика 7803000032 указывают на разные лицевые счета; уточните у плательщика и разнесите вручную",
            "Accounts A-000042, A-000043, A-000044, A-000045 may be meant: account A-000042 and the payer's INN 7803000032 speak for different accounts; ask the payer and choose by hand",
        ),
        (
            "",
            "5.00",
            "за связь",
            "Лицевой счёт не найден: у плательщика нет ИНН, и в назначении платежа не названо ничего известного; уточните у плательщика и разнесите вручную",
            "No account was found: the payer has no INN, and the purpose names nothing that is known; ask the payer and choose by hand",
        ),
    ] {
        let decision = decided(&payment(inn, amount, purpose), "0");
        assert_eq!(decision.text(Language::Russian), russian);
        assert_eq!(decision.text(Language::English), english);
    }
    let evidence = || Evidence::PayerInn("1".into());
    for why in [
        Doubt::Contradiction(evidence(), Evidence::ThirdPartyInn("2".into())),
        Doubt::OtherEntity(evidence()),
        Doubt::UnknownAccount("1".into()),
        Doubt::SeveralNamed(evidence()),
        Doubt::SeveralAccounts(evidence()),
        Doubt::SeveralInvoices(evidence()),
        Doubt::Closed(evidence()),
        Doubt::NoAccountHere(evidence()),
        Doubt::UnknownInn("1".into()),
        Doubt::BrokenInn("1".into()),
        Doubt::ThirdParty("1".into()),
        Doubt::ThroughBank,
        Doubt::OwnMoney,
        Doubt::Nothing,
    ] {
        assert_ne!(why.text(Language::Russian), why.text(Language::English));
    }
    for rule in Rule::ALL {
        let reason = Reason { rule: *rule, evidence: evidence(), narrowed_by: vec![] };
        assert_ne!(reason.text(Language::Russian), reason.text(Language::English), "{}", rule.as_str());
    }
}
