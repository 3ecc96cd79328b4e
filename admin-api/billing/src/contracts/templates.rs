//! Samples of contracts and their versions.
//!
//! Owns: tables `contract_template` and `contract_template_version`.
//! Does not own: the fields that a text may have (`rules`), for whom a template is kept (`availability`).
//! Always: a text is never changed: another text is another version; a template keeps its issuer, whose numbers its contracts have.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use super::{ContractError, rules};
use crate::availability::{self, Thing};
use crate::change::Change;
use crate::store::{Store, StoreError, broken_constraint};

/// A template with its newest text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub(super) id: i32,
    pub(super) issuer_id: i32,
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Code of the issuer.
    pub issuer: String,
    /// Language, `ru` or `en`.
    pub language: String,
    /// Newest version of the text; the first is 1.
    pub version: i32,
    /// The text, with fields such as `{{client.name}}`.
    pub body: String,
    /// Codes of the groups that it is kept for; none: it is open to everybody.
    pub groups: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Since when it is closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Raised with every change.
    pub revision: i64,
}

/// A template to be made.
#[derive(Clone, Debug)]
pub struct NewTemplate {
    /// Code, unique.
    pub code: String,
    /// Title.
    pub title: String,
    /// Code of the issuer.
    pub issuer: String,
    /// Language, `ru` or `en`.
    pub language: String,
    /// The text.
    pub body: String,
}

/// How a template is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TemplateUpdate {
    /// Title.
    pub title: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// The text; another one is another version.
    pub body: Option<String>,
}

/// A text that a template has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVersion {
    /// Its number.
    pub version: i32,
    /// The text.
    pub body: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Who wrote it.
    pub created_by: String,
}

/// A template; `None`: there is none with this code.
pub async fn template(store: &Store, code: &str) -> Result<Option<Template>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    find(&mut connection, code).await
}

async fn find(connection: &mut PgConnection, code: &str) -> Result<Option<Template>, StoreError> {
    let row = sqlx::query(
        "SELECT t.id, t.legal_entity_id, t.code, t.title, e.code AS issuer, t.language::text AS language, t.version, v.body, t.created_at, t.created_by,
                t.closed_at, t.revision
         FROM contract_template t JOIN legal_entity e ON e.id = t.legal_entity_id
              JOIN contract_template_version v ON v.template_id = t.id AND v.version = t.version WHERE t.code = $1",
    )
    .bind(code)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let id: i32 = row.get("id");
    let groups = availability::groups_of(connection, Thing::ContractTemplate, id).await?;
    Ok(Some(Template {
        id,
        issuer_id: row.get("legal_entity_id"),
        code: row.get("code"),
        title: row.get("title"),
        issuer: row.get("issuer"),
        language: row.get("language"),
        version: row.get("version"),
        body: row.get("body"),
        groups,
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        closed_at: row.get("closed_at"),
        revision: row.get("revision"),
    }))
}

/// A template of which contracts are made, until the end of the change: it does not close or get another text meanwhile.
pub(super) async fn standing(change: &mut Change, code: &str) -> Result<Template, ContractError> {
    sqlx::query("SELECT FROM contract_template WHERE code = $1 FOR SHARE")
        .bind(code)
        .execute(change.connection())
        .await?;
    let template = find(change.connection(), code).await?.filter(|template| template.closed_at.is_none());
    template.ok_or_else(|| ContractError::NoTemplate(code.to_owned()))
}

/// A version of a template; `None`: there is no such template or version.
pub async fn template_version(store: &Store, code: &str, version: i32) -> Result<Option<TemplateVersion>, StoreError> {
    let row = sqlx::query(
        "SELECT v.version, v.body, v.created_at, v.created_by FROM contract_template_version v JOIN contract_template t ON t.id = v.template_id
         WHERE t.code = $1 AND v.version = $2",
    )
    .bind(code)
    .bind(version)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| TemplateVersion {
        version: row.get("version"),
        body: row.get("body"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
    }))
}

/// Makes a template.
pub async fn add_template(change: &mut Change, new: &NewTemplate, reason: &str) -> Result<(), ContractError> {
    rules::check(&new.body).map_err(ContractError::Fault)?;
    let issuer: Option<i32> = sqlx::query_scalar("SELECT id FROM legal_entity WHERE code = $1")
        .bind(&new.issuer)
        .fetch_optional(change.connection())
        .await?;
    let issuer = issuer.ok_or_else(|| ContractError::NoIssuer(new.issuer.clone()))?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i32 = sqlx::query_scalar(
        "INSERT INTO contract_template (code, title, legal_entity_id, language, version, created_at, created_by) VALUES ($1, $2, $3, $4, 1, $5, $6)
         RETURNING id",
    )
    .bind(&new.code)
    .bind(&new.title)
    .bind(issuer)
    .bind(&new.language)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("contract_template_code_unique") => ContractError::CodeInUse(new.code.clone()),
        _ => error.into(),
    })?;
    write_version(change, id, 1, &new.body).await?;
    let after = json!({
        "title": new.title, "legal_entity": new.issuer, "language": new.language, "version": 1, "body": new.body,
    });
    change.record("contract_template.add", "contract_template", &new.code, &Value::Null, &after, reason);
    Ok(())
}

/// Changes a template; what it is then.
pub async fn update_template(
    change: &mut Change,
    code: &str,
    update: &TemplateUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Template, ContractError> {
    let before = held(change, code).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(ContractError::Stale);
    }
    let mut after = before.clone();
    after.title = update.title.clone().unwrap_or(after.title);
    after.language = update.language.clone().unwrap_or(after.language);
    after.body = update.body.clone().unwrap_or(after.body);
    after.revision += 1;
    if after.body != before.body {
        rules::check(&after.body).map_err(ContractError::Fault)?;
        after.version += 1;
        write_version(change, before.id, after.version, &after.body).await?;
    }
    sqlx::query("UPDATE contract_template SET title = $2, language = $3, version = $4, revision = $5 WHERE id = $1")
        .bind(before.id)
        .bind(&after.title)
        .bind(&after.language)
        .bind(after.version)
        .bind(after.revision)
        .execute(change.connection())
        .await?;
    // Texts of versions stay in their table; the audit names them.
    let shown = |template: &Template| json!({"title": template.title, "language": template.language, "version": template.version});
    change.record("contract_template.edit", "contract_template", code, &shown(&before), &shown(&after), reason);
    Ok(after)
}

async fn write_version(change: &mut Change, template_id: i32, version: i32, body: &str) -> Result<(), ContractError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "INSERT INTO contract_template_version (template_id, version, body, created_at, created_by) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(template_id)
    .bind(version)
    .bind(body)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// Closes a template: no contract is made of it any more; those that were made stay.
pub async fn close_template(change: &mut Change, code: &str, reason: &str) -> Result<(), ContractError> {
    let now = change.now();
    let before = held(change, code).await?;
    sqlx::query("UPDATE contract_template SET closed_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(before.id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let (was, is) = (json!({"closed_at": null}), json!({"closed_at": now}));
    change.record("contract_template.close", "contract_template", code, &was, &is, reason);
    Ok(())
}

/// A template that is not closed, until the end of the change.
async fn held(change: &mut Change, code: &str) -> Result<Template, ContractError> {
    sqlx::query("SELECT FROM contract_template WHERE code = $1 FOR NO KEY UPDATE")
        .bind(code)
        .execute(change.connection())
        .await?;
    let template = find(change.connection(), code).await?.ok_or(ContractError::NotFound)?;
    if template.closed_at.is_some() { Err(ContractError::Closed) } else { Ok(template) }
}
