//! Classes of beautiful numbers: by which rules a number is of which, and what it costs.
//!
//! Owns: tables `number_class` and `number_class_walk`; the class of numbers that nobody chose one for.
//! Does not own: what a rule is and which numbers it fits (`numbering::beauty`), a class that somebody chose (`edit`).
//! Always: places are 1, 2, 3 and so on, without gaps; a closed class takes no numbers, and gives those that it has by its rules to the next one; when rules change
//! all numbers follow, in portions.

use chrono::{DateTime, Utc};
use numbering::{BadRule, BeautyClasses, BeautyRule, Digits};
use rating::Currency;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::change::Change;
use crate::currencies;
use crate::edit::Edit;
use crate::grid::{Column, Filter, Grid, Read};
use crate::store::{Store, StoreError, broken_constraint};

/// Most rules of a class.
pub const RULES_MAX: usize = 100;

/// A class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberClass {
    id: i32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Which one it is: the first that fits counts.
    pub place: i32,
    /// Its rules, as they are written.
    pub rules: Vec<String>,
    /// What a number of it costs once, with tax.
    pub price: Option<Decimal>,
    /// Currency of the price.
    pub currency: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Since when it takes no numbers.
    pub closed_at: Option<DateTime<Utc>>,
    /// Raised with every change.
    pub revision: i64,
}

/// A class to be made.
#[derive(Clone, Debug)]
pub struct NewClass {
    /// Code, unique.
    pub code: String,
    /// Name.
    pub name: String,
    /// Which one it is; `None`: the last.
    pub place: Option<i32>,
    /// Its rules.
    pub rules: Vec<String>,
    /// What a number of it costs once, with tax.
    pub price: Option<Decimal>,
    /// Currency of the price.
    pub currency: Currency,
}

/// How a class is to be; what is not said stays.
#[derive(Clone, Debug, Default)]
pub struct ClassUpdate {
    /// Name.
    pub name: Option<String>,
    /// Which one it is.
    pub place: Option<i32>,
    /// Its rules.
    pub rules: Option<Vec<String>>,
    /// What a number of it costs once, with tax.
    pub price: Edit<Decimal>,
    /// Currency of the price.
    pub currency: Option<Currency>,
    /// Whether it is closed.
    pub closed: Option<bool>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ClassError {
    /// No such class.
    #[error("there is no such class of numbers")]
    NotFound,
    /// The code is another class's.
    #[error("a class of numbers has the code already")]
    CodeInUse,
    /// A rule, by its index, is none.
    #[error("rule {0}: {1}")]
    Rule(usize, BadRule),
    /// No rules, or too many.
    #[error("a class has 1 to {RULES_MAX} rules")]
    RuleCount,
    /// There are not so many places.
    #[error("a place of 1 to {0} is expected")]
    Place(i32),
    /// The currency may not be chosen (B35).
    #[error("the currency {0} is not active")]
    Currency(String),
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ClassError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("number_class_code_unique") => Self::CodeInUse,
            _ => Self::Store(error.into()),
        }
    }
}

/// Classes, the first first.
pub static CLASSES: Grid = Grid {
    name: "number-classes",
    ru: "Классы красивых номеров",
    en: "Classes of beautiful numbers",
    from: "number_class x",
    key: "x.id::bigint",
    columns: &[
        Column::text("code", "x.code", "Код", "Code", "gold").sorted(),
        Column::text("name", "x.name", "Название", "Name", "Золотой").sorted(),
        Column::number("place", "x.place::bigint", "Порядок", "Place", "2").sorted(),
        Column::words("rules", "x.rules", "Правила", "Rules", "AAAAA,mirror:7"),
        Column::amount("price", "x.price", "Цена", "Price", "15000"),
        Column::text("currency", "x.currency::text", "Валюта", "Currency", "RUB"),
        Column::moment("created_at", "x.created_at", "Заведён", "Made", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("closed_at", "x.closed_at", "Закрыт", "Closed", ""),
        Column::number("revision", "x.revision", "Редакция", "Revision", "1"),
    ],
    filters: &[
        Filter::new("code", "x.code = {}", Read::Word, "С этим кодом", "With this code"),
        Filter::new(
            "closed",
            "(x.closed_at IS NOT NULL) = {}",
            Read::Flag,
            "Закрытые или действующие",
            "Whether it is closed",
        ),
    ],
    order: "place",
    required: &[],
    keys_first: false,
};

const COLUMNS: &str =
    "id, code, name, place, rules, price, currency::text AS currency, created_at, created_by, closed_at, revision";

fn read(row: &PgRow) -> NumberClass {
    NumberClass {
        id: row.get("id"),
        code: row.get("code"),
        name: row.get("name"),
        place: row.get("place"),
        rules: row.get("rules"),
        price: row.get("price"),
        currency: row.get("currency"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        closed_at: row.get("closed_at"),
        revision: row.get("revision"),
    }
}

/// The rules of a class, or the first that is none.
fn parsed(rules: &[String]) -> Result<Vec<BeautyRule>, ClassError> {
    if !(1..=RULES_MAX).contains(&rules.len()) {
        return Err(ClassError::RuleCount);
    }
    let rule = |(index, text): (usize, &String)| text.parse().map_err(|fault| ClassError::Rule(index, fault));
    rules.iter().enumerate().map(rule).collect()
}

/// Holds the classes against everybody who changes them or classes numbers by them; how many there are.
async fn hold_all(connection: &mut PgConnection) -> Result<i32, StoreError> {
    sqlx::query("SELECT FROM number_class_walk FOR UPDATE").execute(&mut *connection).await?;
    Ok(sqlx::query_scalar("SELECT count(*)::int FROM number_class").fetch_one(connection).await?)
}

/// All numbers have to be looked at again.
async fn raise_version(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("UPDATE number_class_walk SET version = version + 1").execute(connection).await?;
    Ok(())
}

async fn check_currency(connection: &mut PgConnection, currency: Currency) -> Result<(), ClassError> {
    let refused = currencies::not_selectable(connection, &[currency]).await?;
    refused.into_iter().next().map_or(Ok(()), |code| Err(ClassError::Currency(code)))
}

/// Makes a class; numbers follow soon.
pub async fn add(change: &mut Change, new: &NewClass, reason: &str) -> Result<(), ClassError> {
    parsed(&new.rules)?;
    check_currency(change.connection(), new.currency).await?;
    let last = hold_all(change.connection()).await? + 1;
    let place = new.place.unwrap_or(last);
    if !(1..=last).contains(&place) {
        return Err(ClassError::Place(last));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query("UPDATE number_class SET place = place + 1, revision = revision + 1 WHERE place >= $1")
        .bind(place)
        .execute(change.connection())
        .await?;
    sqlx::query(
        "INSERT INTO number_class (code, name, place, rules, price, currency, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&new.code)
    .bind(&new.name)
    .bind(place)
    .bind(&new.rules)
    .bind(new.price)
    .bind(new.currency.as_str())
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    raise_version(change.connection()).await?;
    let after = json!({
        "name": new.name, "place": place, "rules": new.rules, "price": new.price, "currency": new.currency.as_str(),
    });
    change.record("number_class.add", "number_class", &new.code, &Value::Null, &after, reason);
    Ok(())
}

/// Changes a class; what it is then. Numbers follow soon where rules, places or its end ask for it.
pub async fn update(
    change: &mut Change,
    code: &str,
    update: ClassUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<NumberClass, ClassError> {
    if let Some(rules) = &update.rules {
        parsed(rules)?;
    }
    if let Some(currency) = update.currency {
        check_currency(change.connection(), currency).await?;
    }
    let now = change.now();
    let last = hold_all(change.connection()).await?;
    let sql = format!("SELECT {COLUMNS} FROM number_class WHERE code = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(code).fetch_optional(change.connection()).await?;
    let before = read(&row.ok_or(ClassError::NotFound)?);
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(ClassError::Stale);
    }
    let mut after = before.clone();
    after.name = update.name.unwrap_or(after.name);
    after.place = update.place.unwrap_or(after.place);
    after.rules = update.rules.unwrap_or(after.rules);
    after.price = update.price.applied(after.price);
    after.currency = update.currency.map_or(after.currency, |currency| currency.as_str().to_owned());
    after.closed_at = match update.closed {
        None => after.closed_at,
        Some(false) => None,
        Some(true) => after.closed_at.or(Some(now)),
    };
    after.revision += 1;
    if !(1..=last).contains(&after.place) {
        return Err(ClassError::Place(last));
    }
    if after.place != before.place {
        make_room(change.connection(), &before, after.place).await?;
    }
    sqlx::query(
        "UPDATE number_class SET name = $2, rules = $3, price = $4, currency = $5, closed_at = $6, revision = $7 WHERE id = $1",
    )
    .bind(before.id)
    .bind(&after.name)
    .bind(&after.rules)
    .bind(after.price)
    .bind(&after.currency)
    .bind(after.closed_at)
    .bind(after.revision)
    .execute(change.connection())
    .await?;
    let decides = |class: &NumberClass| (class.place, class.rules.clone(), class.closed_at.is_some());
    if decides(&before) != decides(&after) {
        raise_version(change.connection()).await?;
    }
    change.record("number_class.edit", "number_class", code, &shown(&before), &shown(&after), reason);
    Ok(after)
}

/// Puts a class at a place; those between make room.
async fn make_room(connection: &mut PgConnection, class: &NumberClass, place: i32) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE number_class SET place = CASE WHEN id = $1 THEN $3 WHEN place > $2 THEN place - 1 ELSE place + 1 END, revision = revision + (id <> $1)::int
         WHERE place BETWEEN least($2, $3) AND greatest($2, $3)",
    )
    .bind(class.id)
    .bind(class.place)
    .bind(place)
    .execute(connection)
    .await?;
    Ok(())
}

fn shown(class: &NumberClass) -> Value {
    json!({
        "name": class.name, "place": class.place, "rules": class.rules, "price": class.price, "currency": class.currency, "closed_at": class.closed_at,
    })
}

/// The classes that take numbers, and the version of their rules.
pub(super) struct InForce {
    pub(super) version: i64,
    pub(super) classes: BeautyClasses<i32>,
}

impl InForce {
    /// As they are until the end of the transaction: whoever changes them waits for it.
    pub(super) async fn held(connection: &mut PgConnection) -> Result<Self, StoreError> {
        let version = held_version(connection).await?;
        Ok(Self { version, ..Self::read(connection).await? })
    }

    /// As they are now.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, StoreError> {
        let rows = sqlx::query(
            "SELECT w.version, c.id, c.code, c.rules FROM number_class_walk w LEFT JOIN number_class c ON c.closed_at IS NULL ORDER BY c.place",
        )
        .fetch_all(connection)
        .await?;
        let mut classes = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(id) = row.get::<Option<i32>, _>("id") else { continue };
            let rules = parsed(&row.get::<Vec<String>, _>("rules")).map_err(|error| StoreError::Inconsistent {
                table: "number_class",
                problem: format!("{}: {error}", row.get::<&str, _>("code")),
            })?;
            classes.push((id, rules));
        }
        let version = rows.first().map_or(0, |row| row.get("version"));
        Ok(Self { version, classes: BeautyClasses::new(classes) })
    }

    /// The class of a number.
    pub(super) fn class_of(&self, number: Digits) -> Option<i32> {
        self.classes.class_of(number).copied()
    }
}

/// The version of the rules, which nobody raises until the end of the transaction.
pub(super) async fn held_version(connection: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT version FROM number_class_walk FOR SHARE").fetch_one(connection).await?)
}

/// The version of the rules by which numbers have still to be classed; `None`: all of them are.
pub async fn to_follow(store: &Store) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar("SELECT version FROM number_class_walk WHERE done <> version")
        .fetch_optional(store.pool())
        .await?)
}

/// All numbers were classed by a version of the rules. Where that is not the version any more, they have to be looked at again.
pub async fn followed(store: &Store, version: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE number_class_walk SET done = $1 WHERE version = $1")
        .bind(version)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// A portion of numbers that were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Identifier of the last of them; `None`: there were none.
    pub after: Option<i64>,
    /// How many are of another class now.
    pub changed: usize,
}

/// Gives the numbers behind `after`, so many of them, the class that the rules say. One audit line, where anything changes.
pub async fn class_portion(change: &mut Change, after: i64, limit: i64) -> Result<Portion, StoreError> {
    let in_force = InForce::held(change.connection()).await?;
    let rows = sqlx::query("SELECT id, number, class_id, class_by_hand FROM did WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(change.connection())
        .await?;
    let (mut ids, mut classes) = (Vec::new(), Vec::new());
    for row in rows.iter().filter(|row| !row.get::<bool, _>("class_by_hand")) {
        let digits = Digits::parse(row.get::<&str, _>("number").as_bytes()).unwrap_or_default();
        let class = in_force.class_of(digits);
        if class != row.get::<Option<i32>, _>("class_id") {
            ids.push(row.get::<i64, _>("id"));
            classes.push(class);
        }
    }
    let last = rows.last().map(|row| row.get::<i64, _>("id"));
    if ids.is_empty() {
        return Ok(Portion { after: last, changed: 0 });
    }
    // In order of identifiers, as everybody holds them.
    sqlx::query("SELECT FROM did WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(&ids)
        .execute(change.connection())
        .await?;
    let done = sqlx::query(
        "UPDATE did SET class_id = u.class_id, revision = revision + 1 FROM unnest($1::bigint[], $2::int[]) AS u (id, class_id)
         WHERE did.id = u.id AND NOT did.class_by_hand",
    )
    .bind(&ids)
    .bind(&classes)
    .execute(change.connection())
    .await?;
    let changed = done.rows_affected() as usize;
    if changed > 0 {
        let after = json!({"numbers": changed, "first_id": ids.first(), "last_id": ids.last()});
        change.record(
            "number_class.follow",
            "number_class",
            in_force.version,
            &Value::Null,
            &after,
            "rules of classes",
        );
    }
    Ok(Portion { after: last, changed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_the_first_that_is_none_is_named() {
        let rules = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(parsed(&rules(&["AABB", "repeat:4"])).unwrap().len(), 2);
        assert!(matches!(parsed(&rules(&["AABB", "stairs:4", "x:1"])), Err(ClassError::Rule(1, BadRule::Feature(_)))));
        assert!(matches!(parsed(&[]), Err(ClassError::RuleCount)));
        assert!(matches!(parsed(&rules(&["AABB"; RULES_MAX + 1])), Err(ClassError::RuleCount)));
    }
}
