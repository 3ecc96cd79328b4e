//! Whole files, good and bad.

use chrono::NaiveDate;
use proptest::prelude::*;
use rating::wording::Language;
use rust_decimal::Decimal;

use super::*;
use crate::price_lists::SheetError;

const TWO_ACCOUNTS: &str = include_str!("samples/two_accounts.txt");
const RECEIPTS: &str = include_str!("samples/receipts.csv");
const BOTH_WAYS: &str = include_str!("samples/both_ways.csv");

const FIRST: &str = "40702810400000000001";
const SECOND: &str = "40702810700000000002";

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 2, day).unwrap()
}

fn sum(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The sample with one text in the place of another that is there.
fn changed(from: &str, to: &str) -> String {
    assert!(TWO_ACCOUNTS.contains(from), "{from}");
    TWO_ACCOUNTS.replacen(from, to, 1)
}

fn read_text(text: &str) -> Result<StatementFile, Faults> {
    read(text.as_bytes(), None)
}

/// The problems of the first account, besides that the header names another encoding than the sample has.
fn problems(text: &str) -> Vec<Problem> {
    let mut problems = read_text(text).unwrap().statements.remove(0).problems;
    problems.retain(|problem| !matches!(problem, Problem::Encoding { .. }));
    problems
}

#[test]
fn a_file_is_a_statement_for_each_account() {
    let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(TWO_ACCOUNTS);
    let file = read(&bytes, Some("40702 810 4 0000 0000001")).unwrap();
    assert_eq!(file.format, Format::Exchange(Charset::Windows1251));
    let heads: Vec<_> = file.statements.iter().map(|one| (one.account.as_str(), one.bic.as_deref())).collect();
    assert_eq!(heads, [(FIRST, Some("044525999")), (SECOND, Some("044525888"))]);
    for statement in &file.statements {
        assert_eq!((statement.from, statement.to), (day(2), day(3)));
        assert_eq!(statement.problems, []);
        assert_eq!(statement.currency_digits(), "810");
    }
    let [first, second] = &file.statements[..] else { panic!("two accounts") };
    assert_eq!((first.opening, first.closing), (Some(sum("1000.00")), Some(sum("3169.50"))));
    assert_eq!((second.opening, second.closing), (Some(sum("0.00")), Some(sum("2000.00"))));
    // 3270.00 + 500.00 + 500.00 and 100.50 + 2000.00; 1000.00 + 4270.00 - 2100.50 = 3169.50.
    assert_eq!(first.turnover(Direction::In), sum("4270.00"));
    assert_eq!(first.turnover(Direction::Out), sum("2100.50"));
    let lines = |statement: &Statement| -> Vec<(u32, Direction, String, String)> {
        let shown = |line: &Line| (line.row, line.direction, line.number.clone(), line.amount.to_string());
        statement.lines.iter().map(shown).collect()
    };
    let expected = [
        (41, Direction::In, "17", "3270.00"),
        (80, Direction::In, "5", "500.00"),
        (94, Direction::In, "5", "500.00"),
        (108, Direction::Out, "900001", "100.50"),
        (121, Direction::Out, "18", "2000.00"),
    ];
    assert_eq!(lines(first), expected.map(|(row, way, number, amount)| (row, way, number.into(), amount.into())));
    assert_eq!(lines(second), [(121, Direction::In, "18".into(), "2000.00".into())]);
}

#[test]
fn a_line_has_all_that_its_document_says() {
    let file = read_text(TWO_ACCOUNTS).unwrap();
    let line = &file.statements[0].lines[0];
    assert_eq!(line.kind, "Платежное поручение");
    assert_eq!((line.date, line.value_date, line.day()), (day(1), Some(day(2)), day(2)));
    let payer = Party {
        name: "ООО \"Ромашка\"".into(),
        inn: "7702000029".into(),
        kpp: "770201001".into(),
        account: "40702810900000000777".into(),
        bic: "042809111".into(),
        bank: "АО \"Дальний Банк\", г. Тверь".into(),
    };
    assert_eq!((&line.payer, line.counterparty()), (&payer, &payer));
    assert_eq!((line.payee.name.as_str(), line.payee.account.as_str()), ("ООО \"Телеком\"", FIRST));
    assert_eq!(line.purpose, "Оплата по счёту № 123 от 31.01.2026 за услуги связи. В т.ч. НДС 22% - 589.67");
    assert_eq!((line.uin.as_str(), line.kbk.as_str(), line.external_id.as_str()), ("0", "", ""));
    let fee = &file.statements[0].lines[3];
    assert_eq!(fee.purpose, "Комиссия за ведение счета по тарифу 1.1, НДС = 0");
    assert_eq!((fee.value_date, fee.counterparty().inn.as_str()), (Some(day(2)), "7709000099"));
}

#[test]
fn encodings_and_ends_of_lines_change_nothing() {
    let expected = read_text(TWO_ACCOUNTS).unwrap().statements;
    let dos = TWO_ACCOUNTS.replace('\n', "\r\n");
    let lie = |found: &'static str| vec![Problem::Encoding { said: "Windows".into(), found }];
    let (windows, ..) = encoding_rs::WINDOWS_1251.encode(&dos);
    let (ibm, ..) = encoding_rs::IBM866.encode(&dos);
    for (bytes, charset, problems) in [
        (windows.to_vec(), Charset::Windows1251, vec![]),
        (ibm.to_vec(), Charset::Cp866, lie("CP866")),
        (dos.as_bytes().to_vec(), Charset::Utf8, lie("UTF-8")),
        ([b"\xef\xbb\xbf", dos.as_bytes()].concat(), Charset::Utf8, lie("UTF-8")),
    ] {
        let mut file = read(&bytes, None).unwrap();
        assert_eq!(file.format, Format::Exchange(charset));
        for (statement, expected) in file.statements.iter_mut().zip(&expected) {
            assert_eq!(std::mem::take(&mut statement.problems), problems, "{charset:?}");
            assert_eq!(statement.lines, expected.lines, "{charset:?}");
        }
    }
}

#[test]
fn a_table_says_the_same_as_far_as_it_goes() {
    let (windows, ..) = encoding_rs::WINDOWS_1251.encode(RECEIPTS);
    for bytes in [RECEIPTS.as_bytes(), &windows] {
        let file = read(bytes, Some(FIRST)).unwrap();
        let [statement] = &file.statements[..] else { panic!("one account") };
        assert_eq!((file.format, statement.account.as_str()), (Format::Table, FIRST));
        assert_eq!((statement.from, statement.to, statement.opening), (day(2), day(2), None));
        let [first, second] = &statement.lines[..] else { panic!("two lines") };
        assert_eq!((first.row, first.direction, first.amount.to_string().as_str()), (4, Direction::In, "3270.00"));
        assert_eq!((first.payer.name.as_str(), first.payer.inn.as_str()), ("ООО \"Ромашка\"", "7702000029"));
        assert_eq!((first.payee.account.as_str(), first.external_id.as_str()), (FIRST, "P-1"));
        assert_eq!(first.purpose, "Оплата по счёту № 123 от 31.01.2026; за услуги связи");
        // The exchange file of the same day has this payment twice; the first of them is this one.
        assert_eq!(second.identity, read_text(TWO_ACCOUNTS).unwrap().statements[0].lines[1].identity);
        assert_eq!(statement.problems, [Problem::NoValueDate { count: 2, row: 4 }, Problem::NoBalances]);
    }
}

#[test]
fn a_table_with_both_accounts_has_both_ways() {
    let file = read(BOTH_WAYS.as_bytes(), Some(FIRST)).unwrap();
    let [came, went] = &file.statements[0].lines[..] else { panic!("two lines") };
    assert_eq!((came.direction, went.direction), (Direction::In, Direction::Out));
    assert_eq!((came.date, came.value_date, came.kind.as_str()), (day(1), Some(day(2)), "payment order"));
    assert_eq!((went.kbk.as_str(), went.counterparty().name.as_str()), ("18210101010010000110", "Bank"));
    assert_eq!(file.statements[0].bic.as_deref(), Some("044525999"));
    assert_eq!(file.statements[0].problems, [Problem::NoBalances]);
}

/// Exported again for other days, a payment is the line that it was, and two equal ones are two.
#[test]
fn overlapping_exports_have_lines_in_common() {
    let identities = |text: &str| -> Vec<Identity> {
        read_text(text).unwrap().statements[0].lines.iter().map(|line| line.identity).collect()
    };
    let whole = identities(TWO_ACCOUNTS);
    let mut different = whole.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 5);
    // Only the second day: everything between the sections and the last document is left out.
    let documents = TWO_ACCOUNTS.find("СекцияДокумент").unwrap();
    let last = TWO_ACCOUNTS.rfind("СекцияДокумент").unwrap();
    let second_day = format!("{}{}", &TWO_ACCOUNTS[..documents], &TWO_ACCOUNTS[last..]);
    assert_eq!(identities(&second_day), whole[4..]);
    // The sum of a line was written in another way.
    assert_eq!(identities(&changed("Сумма=500,00", "Сумма=500")), whole);
}

/// what is changed | to what | problems
#[test]
fn what_does_not_add_up_is_told() {
    let total = |total, told, counted| Problem::Total { total, told: sum(told), counted: sum(counted) };
    for (from, to, expected) in [
        ("Кодировка=Windows", "Кодировка=UTF-8", vec![]),
        ("ВсегоПоступило=4270.00", "ВсегоПоступило=4270,0", vec![]),
        ("ВсегоПоступило=4270.00\n", "", vec![]),
        ("ВсегоПоступило=4270.00", "ВсегоПоступило=4271.00", vec![total(Total::Credited, "4271.00", "4270.00")]),
        // 100.49 + 2000.00 against 100.50 + 2000.00.
        ("ВсегоСписано=100.50", "ВсегоСписано=100.49", vec![total(Total::Debited, "2100.49", "2100.50")]),
        // 1000.00 + 4269.00 - 2100.50 = 3168.50.
        (
            "Сумма=3270.00",
            "Сумма=3269.00",
            vec![total(Total::Credited, "4270.00", "4269.00"), total(Total::Closing, "3169.50", "3168.50")],
        ),
        ("КонечныйОстаток=3169.50", "КонечныйОстаток=3169.51", vec![total(Total::Closing, "3169.51", "3169.50")]),
        (
            "НачальныйОстаток=5169.50",
            "НачальныйОстаток=5169.00",
            vec![Problem::Gap { day: day(3), closing: sum("5169.50"), opening: sum("5169.00") }],
        ),
        ("ДатаКонца=02.02.2026", "ДатаКонца=03.02.2026", vec![Problem::Overlap { day: day(3) }]),
        ("ДатаПоступило=02.02.2026\n", "", vec![Problem::NoValueDate { count: 1, row: 41 }]),
        ("ДатаПоступило=02.02.2026", "ДатаПоступило=04.02.2026", vec![Problem::OutsidePeriod { count: 1, row: 41 }]),
    ] {
        assert_eq!(problems(&changed(from, to)), expected, "{from} {to}");
    }
    let (begin, end) = (TWO_ACCOUNTS.find("СекцияРасчСчет"), TWO_ACCOUNTS.find("СекцияДокумент"));
    let without = format!("{}{}", &TWO_ACCOUNTS[..begin.unwrap()], &TWO_ACCOUNTS[end.unwrap()..]);
    assert_eq!(problems(&without), [Problem::NoBalances]);
}

/// what is changed | to what | row, field, what is wrong
#[test]
fn a_file_with_a_fault_is_refused_as_a_whole() {
    for (from, to, row, field, kind) in [
        ("=1.03", "=2.00", Some(2), "ВерсияФормата", FaultKind::Version("2.00".into())),
        ("ВерсияФормата=1.03\n", "", Some(1), "ВерсияФормата", FaultKind::Version(String::new())),
        ("КонецФайла\n", "", Some(136), "", FaultKind::NoEnd),
        ("РасчСчет=40702810400000000001\n", "РасчСчет=1\n", Some(10), "РасчСчет", FaultKind::Account("1".into())),
        ("=1000.00", "=1000.005", Some(18), "НачальныйОстаток", FaultKind::Balance("1000.005".into())),
        ("Сумма=3270.00", "Сумма=3.270,00", Some(44), "Сумма", FaultKind::Amount("3.270,00".into())),
        ("Дата=01.02.2026", "Дата=31.02.2026", Some(43), "Дата", FaultKind::Date("31.02.2026".into())),
        (
            "ПолучательСчет=70601810000000000001",
            "ПолучательСчет=40702810400000000001",
            Some(108),
            "ПолучательСчет",
            FaultKind::OneSide(FIRST.into()),
        ),
    ] {
        let faults = read_text(&changed(from, to)).unwrap_err();
        let first = &faults.first[0];
        assert_eq!((faults.count, first.row, first.field.as_str(), &first.kind), (1, row, field, &kind), "{from}");
    }
    // Both keys of one side name another account.
    let stray = changed("ПолучательСчет=40702810400000000001", "ПолучательСчет=1").replacen(
        "ПолучательРасчСчет=40702810400000000001",
        "ПолучательРасчСчет=1",
        1,
    );
    let faults = read_text(&stray).unwrap_err();
    let kind = FaultKind::NotOurs("40702810900000000777".into(), "1".into());
    assert_eq!((faults.count, faults.first[0].row, &faults.first[0].kind), (1, Some(41), &kind));
    // All at once, and in order.
    let many = TWO_ACCOUNTS.replace("Сумма=", "Сумма=x").replace("=1.03", "=3");
    let faults = read_text(&many).unwrap_err();
    assert_eq!((faults.count, faults.first[0].row, faults.first[5].row), (6, Some(2), Some(124)));
}

#[test]
fn faults_of_the_whole_file() {
    for (bytes, own, kind) in [
        (RECEIPTS.as_bytes(), None, FaultKind::OwnAccountNeeded),
        (TWO_ACCOUNTS.as_bytes(), Some("1"), FaultKind::Account("1".into())),
        (
            TWO_ACCOUNTS.as_bytes(),
            Some("40702810000000000009"),
            FaultKind::AnotherAccount("40702810000000000009".into(), vec![FIRST.into(), SECOND.into()]),
        ),
        (b"1CClientBankExchange\n\x80\x81\n", None, FaultKind::Unreadable),
        (b"", Some(FIRST), FaultKind::Sheet(SheetError::Empty)),
        ("date,number,amount,purpose\n".as_bytes(), Some(FIRST), FaultKind::Sheet(SheetError::Empty)),
        (&vec![b' '; BYTES_MAX + 1], Some(FIRST), FaultKind::TooLarge),
    ] {
        let faults = read(bytes, own).unwrap_err();
        assert_eq!((faults.count, &faults.first[0].kind), (1, &kind));
    }
    let nobody = "1CClientBankExchange\nВерсияФормата=1.03\nКонецФайла\n";
    assert_eq!(read_text(nobody).unwrap_err().first[0].kind, FaultKind::NoAccount);
    let account = |number: usize| format!("РасчСчет=40702810{number:012}\n");
    let accounts = (0..101).map(account).collect::<Vec<String>>().concat();
    let many = format!("1CClientBankExchange\nВерсияФормата=1.03\n{accounts}КонецФайла\n");
    assert_eq!(read_text(&many).unwrap_err().first[0].kind, FaultKind::TooManyAccounts(100));
}

/// table | row, field, what is wrong
#[test]
fn faults_of_a_table() {
    let titles = "дата;номер;сумма;плательщик;счет;назначение;счет получателя";
    let shown = |text: &str| text.split(';').map(str::to_owned).collect::<Vec<_>>();
    for (text, row, field, kind) in [
        (
            "дата;номер;сумма\n1;2;3\n".to_owned(),
            1,
            "",
            FaultKind::NoColumn(Column::Purpose, shown("дата;номер;сумма")),
        ),
        (format!("{titles};Сумма платежа\n"), 1, "сумма", FaultKind::ColumnTwice(Column::Amount)),
        (format!("{titles}\n;1;1;А;;за;{FIRST}\n"), 2, "дата", FaultKind::Empty),
        (format!("{titles}\n1.1.2026;1;1;А;;за;{FIRST}\n"), 2, "дата", FaultKind::Date("1.1.2026".into())),
        (format!("{titles}\n01.02.2026;;1;А;;за;{FIRST}\n"), 2, "номер", FaultKind::Empty),
        (format!("{titles}\n01.02.2026;1;-1;А;;за;{FIRST}\n"), 2, "сумма", FaultKind::Amount("-1".into())),
        (format!("{titles}\n01.02.2026;1;;А;;за;{FIRST}\n"), 2, "сумма", FaultKind::Empty),
        (format!("{titles}\n01.02.2026;1;1;А;;за;{FIRST};лишнее\n"), 2, "", FaultKind::Shifted),
        (
            format!("{titles}\n01.02.2026;1;1;А;7;за;8\n"),
            2,
            "payer_account, payee_account",
            FaultKind::NotOurs("7".into(), "8".into()),
        ),
        (
            format!("{titles}\n01.02.2026;1;1;А;{FIRST};за;{FIRST}\n"),
            2,
            "payee_account",
            FaultKind::OneSide(FIRST.into()),
        ),
    ] {
        let faults = read(text.as_bytes(), Some(FIRST)).unwrap_err();
        let first = &faults.first[0];
        assert_eq!((first.row, first.field.as_str(), &first.kind), (Some(row), field, &kind), "{text}");
    }
}

#[test]
fn faults_and_problems_are_told_in_both_languages() {
    let kinds = [
        FaultKind::TooLarge,
        FaultKind::TooManyLines,
        FaultKind::TooManyAccounts(100),
        FaultKind::TooLong(100),
        FaultKind::Unreadable,
        FaultKind::NotUtf8,
        FaultKind::Sheet(SheetError::Empty),
        FaultKind::Version("2".into()),
        FaultKind::Version(String::new()),
        FaultKind::NoEnd,
        FaultKind::AfterEnd,
        FaultKind::NotClosed,
        FaultKind::NotOpened,
        FaultKind::NotAPair("x".into()),
        FaultKind::OwnAccountNeeded,
        FaultKind::NoAccount,
        FaultKind::AnotherAccount("1".into(), vec!["2".into()]),
        FaultKind::Account("1".into()),
        FaultKind::Empty,
        FaultKind::Amount("x".into()),
        FaultKind::Balance("x".into()),
        FaultKind::Date("x".into()),
        FaultKind::Twice("1".into(), "2".into()),
        FaultKind::Backwards,
        FaultKind::NotOurs("1".into(), "2".into()),
        FaultKind::OneSide("1".into()),
        FaultKind::NoColumn(Column::Date, vec!["x".into()]),
        FaultKind::ColumnTwice(Column::Date),
        FaultKind::Shifted,
    ];
    for kind in kinds {
        let fault = Fault { row: Some(12), field: "Сумма".into(), kind };
        let (russian, english) = (fault.text(Language::Russian), fault.text(Language::English));
        assert!(russian.starts_with("Строка 12, поле Сумма: "), "{russian}");
        assert!(english.starts_with("Row 12, field Сумма: "), "{english}");
        assert_ne!(russian.split_once(": ").unwrap().1, english.split_once(": ").unwrap().1);
    }
    for problem in [
        Problem::Encoding { said: "DOS".into(), found: "UTF-8" },
        Problem::Total { total: Total::Credited, told: sum("2.00"), counted: sum("1.50") },
        Problem::Gap { day: day(2), closing: sum("1.00"), opening: sum("2.00") },
        Problem::Overlap { day: day(2) },
        Problem::NoBalances,
        Problem::OutsidePeriod { count: 1, row: 2 },
        Problem::NoValueDate { count: 1, row: 2 },
    ] {
        assert_ne!(problem.text(Language::Russian), problem.text(Language::English));
    }
    let total = Problem::Total { total: Total::Credited, told: sum("2.00"), counted: sum("1.50") };
    assert!(total.text(Language::Russian).contains("разница 0.50"));
}

#[test]
fn many_faults_are_counted_and_a_hundred_told() {
    let document = "СекцияДокумент=Платежное поручение\nНомер=1\nКонецДокумента\n".repeat(80);
    let text = format!("1CClientBankExchange\nВерсияФормата=1.03\nРасчСчет={FIRST}\n{document}КонецФайла\n");
    let faults = read_text(&text).unwrap_err();
    // Each lacks its date and its amount.
    assert_eq!((faults.count, faults.first.len()), (160, FAULTS_MAX));
}

proptest! {
    /// Wherever an exchange file was cut, nothing of it is taken.
    #[test]
    fn a_cut_file_is_refused(at in 0usize..TWO_ACCOUNTS.len()) {
        let end = TWO_ACCOUNTS.rfind("КонецФайла").unwrap() + "КонецФайла".len();
        prop_assert_eq!(read(&TWO_ACCOUNTS.as_bytes()[..at], Some(FIRST)).is_ok(), at >= end);
    }

    #[test]
    fn any_bytes_are_a_statement_or_faults(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, Some(FIRST));
        let headed = ["1CClientBankExchange\nКодировка=\n".as_bytes(), &bytes].concat();
        let _ = read(&headed, None);
    }

    /// A payment that is left out is missing in a sum.
    #[test]
    fn what_is_missing_is_noticed(lost in 0usize..5) {
        let mut pieces: Vec<&str> = TWO_ACCOUNTS.split_inclusive("КонецДокумента\n").collect();
        // The first piece has the balances before its document.
        let first = pieces[0].find("СекцияДокумент").unwrap();
        let (head, document) = pieces[0].split_at(first);
        pieces[0] = document;
        pieces.remove(lost);
        let text = format!("{head}{}", pieces.concat());
        let is_told = problems(&text).iter().any(|problem| matches!(problem, Problem::Total { .. }));
        prop_assert!(is_told);
    }
}
