//! What stands in the fields of a contract.
//!
//! Owns: the value of each field of [`super::FIELDS`].
//! Does not own: how a text is filled in (`rules`).
//! Always: values of the moment at which it is filled in; days are written as the language of the template writes them.

use sqlx::{PgConnection, Row};

use super::rules;
use crate::store::StoreError;

/// Columns are named as the fields; all of them texts.
const VALUES: &str = r#"
    SELECT v.body, p.city AS "client.city", c.code AS "client.code", c.contact_person AS "client.contact_person", c.email AS "client.email",
           p.inn AS "client.inn", p.kpp AS "client.kpp", p.legal_address AS "client.legal_address", p.name AS "client.legal_name",
           c.name AS "client.name", p.ogrn AS "client.ogrn", c.phone AS "client.phone",
           (SELECT string_agg(a.code, ', ' ORDER BY a.code) FROM contract_account x JOIN account a ON a.id = x.account_id WHERE x.contract_id = d.id)
               AS "contract.accounts",
           CASE t.language WHEN 'ru' THEN k.name_ru ELSE k.name_en END AS "contract.kind",
           d.number AS "contract.number", to_char(d.signed_on, f.day) AS "contract.signed_on", to_char(d.valid_from, f.day) AS "contract.valid_from",
           to_char(d.valid_to, f.day) AS "contract.valid_to",
           e.code AS "issuer.code", e.inn AS "issuer.inn", e.kpp AS "issuer.kpp", e.name AS "issuer.name"
    FROM contract d
         JOIN contract_template t ON t.id = d.template_id
         JOIN contract_template_version v ON v.template_id = d.template_id AND v.version = d.template_version
         JOIN contract_kind k ON k.code = d.kind
         JOIN legal_entity e ON e.id = d.legal_entity_id
         JOIN client c ON c.id = d.client_id
         LEFT JOIN party p ON p.id = c.party_id
         CROSS JOIN LATERAL (SELECT CASE t.language WHEN 'ru' THEN 'DD.MM.YYYY' ELSE 'YYYY-MM-DD' END) AS f (day)
    WHERE d.id = $1"#;

/// Fills in the text of a contract, by what is known now, and keeps it with the contract.
pub(super) async fn fill_in(connection: &mut PgConnection, id: i64) -> Result<(), StoreError> {
    let row = sqlx::query(VALUES).bind(id).fetch_one(&mut *connection).await?;
    // Only fields are asked for, and each is a column.
    let value = |name: &str| row.get::<Option<&str>, _>(name);
    let text = rules::fill(row.get("body"), value).map_err(|fault| StoreError::Inconsistent {
        table: "contract_template_version",
        problem: format!("the text of contract {id}, which cannot be filled in: {fault:?}"),
    })?;
    sqlx::query("UPDATE contract SET text = $2 WHERE id = $1").bind(id).bind(text).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::FIELDS;

    #[test]
    fn every_field_has_its_column() {
        for field in FIELDS {
            assert!(VALUES.contains(&format!("AS \"{field}\"")), "{field}");
        }
        assert_eq!(VALUES.matches("AS \"").count(), FIELDS.len());
    }
}
