//! The books of the product against the naive ones.
//!
//! Owns: what is compared: each line in its order, real and virtual money, each total of usage, what is reserved, what payments pay, the report of calls whose
//! record did not come in time; in the end also the nightly check of the books and the list of accounts beyond their limit.
//! Does not own: either of the books.
//! Always: all accounts in one statement, which reads the tables and none of the product's code; what was written before is compared again each time, so that
//! a line that somebody rewrites, and a closed month that changes, is seen.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::books::{Books, ZERO};
use super::desk::Desk;

/// As Postgres writes it without trailing zeros.
fn text(amount: Decimal) -> String {
    amount.normalize().to_string()
}

/// An account as the naive books have it.
fn wanted(books: &Books, at: usize, desk: &Desk) -> String {
    let account = &books.accounts[at];
    let lines: Vec<String> =
        account.movements.iter().map(|line| format!("{} {}", line.kind, text(line.amount))).collect();
    let usage: Vec<String> =
        account.usage.iter().map(|((day, month), sum)| format!("{day} in {month} {}", text(*sum))).collect();
    let calls = books.calls.iter().filter(|call| call.account == at && call.is_overdue && !call.is_forgotten);
    let overdue: BTreeSet<&str> = calls.map(|call| call.name.as_str()).collect();
    let paid: Vec<String> = books
        .paid(at)
        .iter()
        .map(|((payment, charge), amount)| format!("{payment} pays {} of {charge}", text(*amount)))
        .collect();
    format!(
        "balance {}; real {}, virtual {}: {}; usage: {}; reserved {}; overdue: {}; {}",
        text(account.balance()),
        text(account.sum(|line| line.is_real)),
        text(account.sum(|line| !line.is_real)),
        lines.join(", "),
        usage.join(", "),
        text(books.held(at, desk.now())),
        overdue.into_iter().collect::<Vec<_>>().join(", "),
        paid.join(", ")
    )
}

/// The same as the tables have it; `{now}` is the moment.
const FOUND: &str = "'balance ' || trim_scale(b.balance)::text
    || '; real ' || (SELECT trim_scale(coalesce(sum(p.amount), 0))::text FROM posting p WHERE p.account_id = a.id AND p.is_real)
    || ', virtual ' || (SELECT trim_scale(coalesce(sum(p.amount), 0))::text FROM posting p WHERE p.account_id = a.id AND NOT p.is_real)
    || ': ' || (SELECT coalesce(string_agg(p.kind || ' ' || trim_scale(p.amount)::text, ', ' ORDER BY p.id), '') FROM posting p WHERE p.account_id = a.id)
    || '; usage: ' || (SELECT coalesce(string_agg(u.usage_day::text || ' in ' || u.booking_period::text || ' ' || trim_scale(u.gross)::text, ', '
                                                  ORDER BY u.usage_day, u.booking_period), '') FROM usage_total u WHERE u.account_id = a.id)
    || '; reserved ' || (SELECT trim_scale(coalesce(sum(h.amount), 0))::text FROM hold h WHERE h.account_id = a.id AND h.expires_at > '{now}')
    || '; overdue: ' || (SELECT coalesce(string_agg(h.call_id, ', ' ORDER BY h.call_id COLLATE \"C\"), '') FROM (
                             SELECT o.call_id FROM overdue_hold o WHERE o.account_id = a.id
                             UNION SELECT x.call_id FROM hold x WHERE x.account_id = a.id AND x.expires_at <= '{now}') h)
    || '; ' || (SELECT coalesce(string_agg(l.payment_id::text || ' pays ' || trim_scale(l.amount)::text || ' of ' || l.number, ', '
                                           ORDER BY l.payment_id, l.number::bigint), '')
                FROM (SELECT payment_id, number, sum(amount) AS amount FROM payment_allocation
                      WHERE account_id = a.id AND ended_at IS NULL GROUP BY payment_id, number) l)";

/// Every account of the product is what the naive books say.
pub(super) async fn compare(desk: &Desk, books: &Books) -> Result<(), String> {
    let mut rows = String::new();
    for (at, account) in books.accounts.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let _ = write!(rows, "{comma}('{}', '{}')", account.code, wanted(books, at, desk));
    }
    let found = FOUND.replace("{now}", &desk.now().to_rfc3339());
    desk.sql(&format!(
        "DO $check$ DECLARE told text;
         BEGIN
             SELECT string_agg(format(E'%s is\\n  %s\\nand by the naive books\\n  %s', e.code, f.found, e.wanted), E'\\n') INTO told
             FROM (VALUES {rows}) AS e (code, wanted) JOIN account a ON a.code = e.code JOIN account_balance b ON b.account_id = a.id
             CROSS JOIN LATERAL (SELECT {found} AS found) f
             WHERE f.found IS DISTINCT FROM e.wanted;
             IF told IS NOT NULL THEN RAISE EXCEPTION '%', told; END IF;
         END $check$"
    ))
    .await
}

/// What the product itself says of its books in the end: they add up, and who is beyond his limit is listed.
pub(super) async fn reports(desk: &Desk, books: &Books) -> Result<(), String> {
    let differences = billing::ledger::check(&desk.world.store).await.map_err(|error| error.to_string())?;
    if !differences.is_empty() {
        return Err(format!("the nightly check finds {differences:?}"));
    }
    let listed = desk.list("accounts?beyond_limit=true&limit=5000").await?;
    let listed: BTreeSet<&str> = listed.iter().filter_map(|row| row["code"].as_str()).collect();
    let now = desk.now();
    for account in &books.accounts {
        let is_beyond = account.floor(now).is_some_and(|floor| account.balance() - floor < ZERO);
        if listed.contains(account.code.as_str()) != is_beyond {
            return Err(format!("{} is beyond its limit: {is_beyond}; the list has {listed:?}", account.code));
        }
    }
    Ok(())
}
