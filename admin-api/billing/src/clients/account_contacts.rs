//! Contacts on the card of one account (S7).
//!
//! Owns: the rows of `contact` that name an account.
//! Does not own: contacts of the client himself (`contacts`).
//! Always: who registers one is recorded with him; nothing is erased; who is the same as another client is found by them too.

use serde_json::json;

use super::ClientError;
use super::contacts::{COLUMNS, Contact, MOST, NewContact, PERSONAL, read};
use crate::change::Change;
use crate::store::{Store, StoreError};

/// Contacts of an account in the order in which they were added; `None`: there is no such account.
pub async fn account_contacts(store: &Store, account: &str) -> Result<Option<Vec<Contact>>, StoreError> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM account WHERE code = $1").bind(account).fetch_optional(store.pool()).await?;
    let Some(id) = id else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM contact k WHERE k.account_id = $1 AND k.ended_at IS NULL ORDER BY k.id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_all(store.pool()).await?;
    Ok(Some(rows.iter().map(read).collect()))
}

/// Adds a contact to an account; its identifier.
pub async fn add_account_contact(
    change: &mut Change,
    account: &str,
    new: &NewContact,
    reason: &str,
) -> Result<i64, ClientError> {
    if new.email.is_none() && new.phone.is_none() {
        return Err(ClientError::NoAddress);
    }
    let (id, client_id) = held(change, account).await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM contact WHERE account_id = $1 AND ended_at IS NULL")
        .bind(id)
        .fetch_one(change.connection())
        .await?;
    if count >= MOST {
        return Err(ClientError::TooMany(MOST));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let contact: i64 = sqlx::query_scalar(
        "INSERT INTO contact (client_id, account_id, name, position, email, phone, phone_key, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
    )
    .bind(client_id)
    .bind(id)
    .bind(&new.name)
    .bind(&new.position)
    .bind(&new.email)
    .bind(new.phone.as_ref().map(|(text, _)| text))
    .bind(new.phone.as_ref().map(|(_, number)| number.to_string()))
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    let phone = new.phone.as_ref().map(|(text, _)| text);
    let after =
        json!({"contact": contact, "name": new.name, "position": new.position, "email": new.email, "phone": phone});
    change.record_personal(("account_contact.add", "account_contact", account), &json!({}), &after, PERSONAL, reason);
    Ok(contact)
}

/// Takes a contact of an account away.
pub async fn end_account_contact(
    change: &mut Change,
    account: &str,
    contact: i64,
    reason: &str,
) -> Result<(), ClientError> {
    let now = change.now();
    let (id, _) = held(change, account).await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM contact k WHERE k.id = $1 AND k.account_id = $2 AND k.ended_at IS NULL FOR UPDATE"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(contact).bind(id).fetch_optional(change.connection()).await?;
    let before = row.map(|row| read(&row)).ok_or(ClientError::NotFound)?;
    sqlx::query("UPDATE contact SET ended_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(contact)
        .bind(now)
        .execute(change.connection())
        .await?;
    let shown = json!({
        "contact": before.id, "name": before.name, "position": before.position, "email": before.email, "phone": before.phone,
    });
    change.record_personal(("account_contact.end", "account_contact", account), &shown, &json!({}), PERSONAL, reason);
    Ok(())
}

/// An account and its client, held until the end of the change; one whose data were cleaned does not change any more.
async fn held(change: &mut Change, account: &str) -> Result<(i64, i64), ClientError> {
    let row: Option<(i64, i64, String)> = sqlx::query_as(
        "SELECT a.id, a.client_id, c.gdpr_state FROM account a JOIN client c ON c.id = a.client_id
         WHERE a.code = $1 FOR KEY SHARE OF c FOR NO KEY UPDATE OF a",
    )
    .bind(account)
    .fetch_optional(change.connection())
    .await?;
    let (id, client_id, gdpr_state) = row.ok_or(ClientError::NotFound)?;
    if gdpr_state == "none" { Ok((id, client_id)) } else { Err(ClientError::Cleaned) }
}
