//! Clients begin, and those without history may end.
//!
//! Owns: the row of a new client; what stands against deletion (B8).
//! Does not own: accounts (`accounts`).
//! Always: numbers of clients grow and are never used again (L1).

use numbering::E164;
use serde_json::json;
use sqlx::PgConnection;

use super::assignment::{self, AssignmentRights};
use super::rules::Characteristic;
use super::{ClientError, labels};
use crate::change::Change;
use crate::hot_path::Touched;
use crate::parties::{self, NewParty};
use crate::store::StoreError;

/// Numbers that are looked through at once for one that is no client's code.
const NUMBERS_AT_ONCE_MAX: i64 = 4_096;

/// A client to be made.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Code; `None` = his number.
    pub code: Option<String>,
    /// Name, as staff call him.
    pub name: String,
    /// Who he is by the registry, where that is known.
    pub party: Option<NewParty>,
    /// Main e-mail; unique without regard to case (L2).
    pub email: Option<String>,
    /// Phone as it was written, and the number that it stands for.
    pub phone: Option<(String, E164)>,
    /// Whom to talk to.
    pub contact_person: String,
    /// Country, two capital letters.
    pub country: String,
    /// Language of letters, `ru` or `en`.
    pub language: String,
    /// Name of the label.
    pub label: Option<String>,
    /// What staff think of him.
    pub characteristic: Characteristic,
    /// Login of his manager.
    pub manager: Option<String>,
    /// For staff.
    pub comment: String,
}

/// Makes a client; his number and code.
pub async fn create(change: &mut Change, new: &NewClient, reason: &str) -> Result<(i64, String), ClientError> {
    if new.manager.is_some() {
        assignment::one_by_one(change).await?;
    }
    let party_id = match &new.party {
        Some(party) => Some(parties::of_client(change, party, reason).await?),
        None => None,
    };
    let label_id = labels::id_of(change.connection(), new.label.as_deref()).await?;
    let manager_id = manager_of(change.connection(), new.manager.as_deref()).await?;
    let (id, code) = insert(change, new, (party_id, label_id, manager_id)).await?;
    // A second card does not take the client from who holds the first one (S4).
    assignment::check(change, id, None, manager_id, AssignmentRights::default()).await?;
    let party = new.party.as_ref();
    let after = json!({
        "id": id, "name": new.name, "kind": party.map(|party| party.kind.as_str()), "inn": party.and_then(|party| party.inn.clone()),
        "kpp": party.and_then(|party| party.kpp.clone()), "ogrn": party.and_then(|party| party.ogrn.clone()), "email": new.email,
        "phone": new.phone.as_ref().map(|(text, _)| text), "contact_person": new.contact_person, "country": new.country, "language": new.language,
        "label": new.label, "characteristic": new.characteristic.as_str(), "manager": new.manager, "comment": new.comment,
    });
    change.record_personal(("client.create", "client", &code), &json!({}), &after, super::update::PERSONAL, reason);
    Ok((id, code))
}

/// Party, label and manager of a new client.
type Belongings = (Option<i64>, Option<i32>, Option<i64>);

/// Writes the row; his number and code. Where nobody chose a code it is the number, and a number that was somebody's choice for another client is passed over.
async fn insert(change: &mut Change, new: &NewClient, belongings: Belongings) -> Result<(i64, String), ClientError> {
    let mut numbers = 1;
    loop {
        let id = next_number(change.connection(), numbers, new.code.is_none()).await?;
        // Twice as many at a time: whoever came with thousands of clients whose codes are numbers has used the first ones.
        numbers = (numbers * 2).min(NUMBERS_AT_ONCE_MAX);
        let Some(id) = id else { continue };
        let code = new.code.clone().unwrap_or_else(|| id.to_string());
        if insert_as(change, new, (id, &code), belongings).await? {
            return Ok((id, code));
        }
        if new.code.is_some() {
            return Err(ClientError::CodeInUse(code));
        }
    }
}

/// The first of so many next numbers, `free`: which is no client's code; the others are used up with it.
async fn next_number(connection: &mut PgConnection, many: i64, free: bool) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT min(n.id) FROM (SELECT nextval(pg_get_serial_sequence('client', 'id')) AS id FROM generate_series(1, $1)) n
         WHERE NOT $2 OR NOT EXISTS (SELECT FROM client c WHERE c.code = n.id::text)",
    )
    .bind(many)
    .bind(free)
    .fetch_one(connection)
    .await?)
}

/// Whether the row was written: the code was free, also of somebody who came at the same time.
async fn insert_as(
    change: &mut Change,
    new: &NewClient,
    (id, code): (i64, &str),
    (party_id, label_id, manager_id): Belongings,
) -> Result<bool, ClientError> {
    let (now, actor) = (change.now(), change.actor().clone());
    let made = sqlx::query(
        "INSERT INTO client (id, code, name, party_id, email, phone, phone_key, contact_person, country, language, label_id, characteristic, manager_id, comment,
             registered_at, registered_by, registered_from)
         OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT (code) DO NOTHING",
    )
    .bind(id)
    .bind(code)
    .bind(&new.name)
    .bind(party_id)
    .bind(&new.email)
    .bind(new.phone.as_ref().map(|(text, _)| text))
    .bind(new.phone.as_ref().map(|(_, number)| number.to_string()))
    .bind(&new.contact_person)
    .bind(&new.country)
    .bind(&new.language)
    .bind(label_id)
    .bind(new.characteristic.as_str())
    .bind(manager_id)
    .bind(&new.comment)
    .bind(now)
    .bind(&actor.login)
    .bind(&actor.address)
    .execute(change.connection())
    .await?;
    Ok(made.rows_affected() > 0)
}

/// The user with a login who is at work.
pub(super) async fn manager_of(connection: &mut PgConnection, login: Option<&str>) -> Result<Option<i64>, ClientError> {
    let Some(login) = login else { return Ok(None) };
    let id = sqlx::query_scalar(
        "SELECT id FROM staff_user WHERE lower(login) = lower($1) AND blocked_at IS NULL AND NOT is_system",
    )
    .bind(login)
    .fetch_optional(connection)
    .await?;
    id.map(Some).ok_or_else(|| ClientError::NoManager(login.to_owned()))
}

/// Whatever else refers to him (locks, discounts, groups, taxes, counters) is history too.
fn unless_held(error: sqlx::Error) -> ClientError {
    let is_held = error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation);
    if is_held { ClientError::HasHistory } else { error.into() }
}

/// Deletes a client without payments, charges and services, with his closed accounts, contacts, notes, users and payers (B8). The audit keeps that he and they
/// were, and nothing of his person.
pub async fn delete(change: &mut Change, code: &str, reason: &str) -> Result<(), ClientError> {
    let row: Option<(i64, String)> = sqlx::query_as("SELECT id, gdpr_state FROM client WHERE code = $1 FOR UPDATE")
        .bind(code)
        .fetch_optional(change.connection())
        .await?;
    let (id, gdpr_state) = row.ok_or(ClientError::NotFound)?;
    if gdpr_state != "none" {
        return Err(ClientError::Cleaned);
    }
    let held: Vec<(i64, String, bool, bool)> =
        sqlx::query_as("SELECT id, code, legal_hold, active FROM account WHERE client_id = $1 ORDER BY id FOR UPDATE")
            .bind(id)
            .fetch_all(change.connection())
            .await?;
    if let Some((_, account, ..)) = held.iter().find(|(_, _, legal_hold, _)| *legal_hold) {
        return Err(ClientError::LegalHold(account.clone()));
    }
    let active = held.iter().find(|(.., active)| *active).map(|(_, account, ..)| account.clone());
    let (accounts, account_codes): (Vec<i64>, Vec<String>) = held.into_iter().map(|(id, code, ..)| (id, code)).unzip();
    let has_history: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM posting WHERE account_id = ANY($1)) OR EXISTS (SELECT FROM usage_total WHERE account_id = ANY($1))
             OR EXISTS (SELECT FROM did WHERE account_id = ANY($1)) OR EXISTS (SELECT FROM did_period WHERE account_id = ANY($1))
             OR EXISTS (SELECT FROM product_instance WHERE account_id = ANY($1))
             OR EXISTS (SELECT FROM account_trunk WHERE account_id = ANY($1)) OR EXISTS (SELECT FROM account_balance WHERE account_id = ANY($1) AND balance <> 0)",
    )
    .bind(&accounts)
    .fetch_one(change.connection())
    .await?;
    if has_history {
        return Err(ClientError::HasHistory);
    }
    // Behind what no closing of accounts would help against.
    if let Some(account) = active {
        return Err(ClientError::HasActiveAccounts(account));
    }
    // What credit he was to have is none yet; documents, verdicts and blocks are history.
    for table in ["account_plan", "account_credit", "account_terms_past", "account_balance"] {
        let sql = format!("DELETE FROM {table} WHERE account_id = ANY($1)");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&accounts).execute(change.connection()).await?;
    }
    sqlx::query("DELETE FROM idempotency WHERE client_user_id IN (SELECT id FROM client_user WHERE client_id = $1)")
        .bind(id)
        .execute(change.connection())
        .await?;
    // Contacts first: some are of his accounts.
    for table in [
        "contact",
        "note",
        "tag_assignment",
        "card_link",
        "client_session",
        "client_user",
        "payer",
        "client_entity",
        "account",
    ] {
        let sql = format!("DELETE FROM {table} WHERE client_id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).execute(change.connection()).await.map_err(unless_held)?;
    }
    sqlx::query("DELETE FROM client WHERE id = $1").bind(id).execute(change.connection()).await.map_err(unless_held)?;
    if !accounts.is_empty() {
        change.touch(Touched::Everything);
    }
    // Nobody asks for him any more: what the audit knows of his person goes with him, the lines stay (A40).
    sqlx::query(
        "UPDATE audit_record SET personal = NULL WHERE personal IS NOT NULL
             AND (entity = 'client' AND entity_id = $1 OR entity IN ('account', 'account_contact') AND entity_id = ANY($2))",
    )
    .bind(code)
    .bind(&account_codes)
    .execute(change.connection())
    .await?;
    for account in &account_codes {
        change.record(
            "account.delete",
            "account",
            account,
            &json!({"client": code, "active": false}),
            &json!({}),
            reason,
        );
    }
    change.record("client.delete", "client", code, &json!({"id": id}), &json!({}), reason);
    Ok(())
}
