//! What the books say of payments that came: the facts by which they are matched.
//!
//! Owns: reading them for several payments at once.
//! Does not own: the decision (`matching`).
//! Always: reads only; it finds more than is meant rather than less: numbers are looked up by their digits without zeros, which all writings of a number have in
//! common, and `matching` compares the rest.

use std::collections::{BTreeSet, HashMap};

use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::matching::{AccountFact, ContractFact, Facts, Incoming, InvoiceFact};
use super::purpose::Named;
use super::words::Item;
use crate::store::StoreError;

/// Facts, and what `matching` does not ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The facts.
    pub(super) facts: Facts,
    /// Currencies of the accounts.
    pub(super) currencies: HashMap<i64, String>,
    /// What the invoices are.
    pub(super) items: HashMap<i64, Item>,
}

/// Reads the facts of payments that came to a legal entity.
pub(super) async fn read(
    connection: &mut PgConnection,
    entity: i32,
    payments: &[(&Incoming, &Named)],
) -> Result<Known, StoreError> {
    let own_inn: Option<String> = sqlx::query_scalar("SELECT inn FROM legal_entity WHERE id = $1")
        .bind(entity)
        .fetch_one(&mut *connection)
        .await?;
    let codes = all(payments, |named| named.accounts.iter().map(|account| digits(&account.code)).collect());
    let contracts = all(payments, |named| named.contracts.iter().map(|contract| digits(&contract.number)).collect());
    let invoices = all(payments, |named| named.invoices.iter().map(|invoice| digits(&invoice.number)).collect());
    let mut inns = all(payments, |named| named.inns.clone());
    let payers = payments.iter().map(|(payment, _)| payment.payer_inn.clone()).filter(|inn| !inn.is_empty());
    inns.extend(payers.collect::<BTreeSet<_>>());
    let contracts = read_contracts(connection, &contracts).await?;
    let mut ids: Vec<i64> = contracts.iter().flat_map(|contract| contract.account_ids.iter().copied()).collect();
    ids.extend(accounts_of_invoices(connection, &invoices).await?);
    let mut known =
        Known { facts: Facts { entity_id: entity, own_inn, contracts, ..Facts::default() }, ..Known::default() };
    read_accounts(connection, &mut known, &codes, &inns, &ids).await?;
    read_invoices(connection, &mut known).await?;
    Ok(known)
}

/// The digits of a number without zeros: the same for all its writings. The statements below make the same of what the books have.
fn digits(number: &str) -> String {
    number.chars().filter(|sign| ('1'..='9').contains(sign)).collect()
}

/// What all payments name of something, each once; what has no digits is not looked up by them.
fn all(payments: &[(&Incoming, &Named)], of: impl Fn(&Named) -> Vec<String>) -> Vec<String> {
    let named: BTreeSet<String> =
        payments.iter().flat_map(|(_, named)| of(named)).filter(|text| !text.is_empty()).collect();
    named.into_iter().collect()
}

async fn read_contracts(connection: &mut PgConnection, digits: &[String]) -> Result<Vec<ContractFact>, StoreError> {
    if digits.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "SELECT k.number, k.signed_on, array_agg(x.account_id ORDER BY x.account_id) AS accounts FROM contract k
         JOIN contract_account x ON x.contract_id = k.id
         WHERE k.state <> 'draft' AND regexp_replace(k.number, '[^1-9]', '', 'g') = ANY($1) GROUP BY k.id ORDER BY k.id",
    )
    .bind(digits)
    .fetch_all(connection)
    .await?;
    let fact = |row: &sqlx::postgres::PgRow| ContractFact {
        number: row.get("number"),
        signed_on: row.get("signed_on"),
        account_ids: row.get("accounts"),
    };
    Ok(rows.iter().map(fact).collect())
}

async fn accounts_of_invoices(connection: &mut PgConnection, digits: &[String]) -> Result<Vec<i64>, StoreError> {
    if digits.is_empty() {
        return Ok(Vec::new());
    }
    let ids = sqlx::query_scalar(
        "SELECT DISTINCT account_id FROM document WHERE payable AND withdrawn_at IS NULL AND regexp_replace(number, '[^1-9]', '', 'g') = ANY($1)",
    )
    .bind(digits)
    .fetch_all(connection)
    .await?;
    Ok(ids)
}

/// Reads accounts by the digits of their codes, by the INNs of their clients, by their identifiers.
async fn read_accounts(
    connection: &mut PgConnection,
    known: &mut Known,
    codes: &[String],
    inns: &[String],
    ids: &[i64],
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "WITH payer_client AS (
             SELECT c.id FROM client c JOIN party p ON p.id = c.party_id WHERE p.inn = ANY($2)
             UNION SELECT y.client_id FROM payer y WHERE y.inn = ANY($2) AND y.closed_at IS NULL
         ), wanted AS (
             SELECT id FROM account WHERE regexp_replace(code, '[^1-9]', '', 'g') = ANY($1)
             UNION SELECT a.id FROM account a JOIN payer_client c ON c.id = a.client_id
             UNION SELECT unnest($3::bigint[])
         )
         SELECT a.id, a.code, a.client_id, a.legal_entity_id, a.currency::text AS currency, a.active,
                array(SELECT p.inn FROM client c JOIN party p ON p.id = c.party_id WHERE c.id = a.client_id AND p.inn IS NOT NULL
                      UNION SELECT y.inn FROM payer y WHERE y.client_id = a.client_id AND y.inn IS NOT NULL AND y.closed_at IS NULL) AS inns
         FROM account a JOIN wanted w ON w.id = a.id ORDER BY a.id",
    )
    .bind(codes)
    .bind(inns)
    .bind(ids)
    .fetch_all(connection)
    .await?;
    for row in rows {
        known.currencies.insert(row.get("id"), row.get("currency"));
        known.facts.accounts.push(AccountFact {
            id: row.get("id"),
            code: row.get("code"),
            client_id: row.get("client_id"),
            entity_id: row.get("legal_entity_id"),
            inns: row.get("inns"),
            active: row.get("active"),
        });
    }
    Ok(())
}

/// Reads what the accounts have to pay.
async fn read_invoices(connection: &mut PgConnection, known: &mut Known) -> Result<(), StoreError> {
    let accounts: Vec<i64> = known.facts.accounts.iter().map(|account| account.id).collect();
    if accounts.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query(
        "SELECT id, kind, number, issued_on, account_id, amount - paid AS rest FROM document
         WHERE account_id = ANY($1) AND payable AND paid < amount AND withdrawn_at IS NULL ORDER BY id",
    )
    .bind(&accounts)
    .fetch_all(connection)
    .await?;
    for row in rows {
        let (id, number): (i64, String) = (row.get("id"), row.get("number"));
        known.items.insert(id, Item { kind: row.get("kind"), number: number.clone() });
        known.facts.invoices.push(InvoiceFact {
            id,
            number,
            issued_on: row.get("issued_on"),
            account_id: row.get("account_id"),
            rest: row.get::<Decimal, _>("rest"),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::writing::key;

    /// Numbers that may be one have the same digits: what is meant is found.
    #[test]
    fn all_writings_of_a_number_have_the_same_digits() {
        for (one, other) in
            [("A-000042", "а 42"), ("017/2026", "17-2026"), ("T-2026-00001", "Т2026/1"), ("100", "0100")]
        {
            assert_eq!(key(one), key(other), "{one} {other}");
            assert_eq!(digits(one), digits(other), "{one} {other}");
        }
        assert_eq!(digits("№ ²0٣"), "");
    }
}
