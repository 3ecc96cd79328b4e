//! Numbers of files as they come.
//!
//! Owns: table `import_sequence`: the newest number of a source, the alarms of numbers that were passed over.
//! Does not own: the order of numbers (`rules`), files.
//! Always: a number that has come since is not missing; one odd number stops nothing: files have to go on behind it before it counts; a file that comes again
//! after its import was taken back moves nothing.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};

use super::rules::{Numbering, Step};
use super::store::{FoundFile, ROLLED_BACK};
use crate::ingest_alarms::{self, Kind, Raised};
use crate::store::StoreError;

/// Raises an alarm for every number that was passed over; a late one clears its own (A10).
pub(super) async fn note_number(
    connection: &mut PgConnection,
    file: &FoundFile,
    numbering: Numbering,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(number) = file.sequence else { return Ok(()) };
    let known = sqlx::query("SELECT last, stray, began_import FROM import_sequence WHERE source = $1")
        .bind(&file.source)
        .fetch_optional(&mut *connection)
        .await?;
    let last: Option<i64> = known.as_ref().map(|row| row.get("last"));
    let stray: Option<i64> = known.as_ref().and_then(|row| row.get("stray"));
    let mut began: Option<i64> = known.and_then(|row| row.get("began_import"));
    let step = numbering.step(last, stray, is_missing(connection, file, number).await?, number);
    ingest_alarms::clear_in(connection, &file.source, Kind::Gap, &number.to_string(), now).await?;
    if comes_again(connection, file, number).await? {
        return Ok(());
    }
    match step {
        Step::Late | Step::Same => return Ok(()),
        Step::Stray => {
            if let Some(last) = last {
                raise_stray(connection, (file, numbering), (last, number), now).await?;
                sqlx::query("UPDATE import_sequence SET stray = $2 WHERE source = $1")
                    .bind(&file.source)
                    .bind(number)
                    .execute(connection)
                    .await?;
            }
            return Ok(());
        }
        Step::Next => {}
        Step::Ahead(missing) => {
            let round = round_of(connection, (file, numbering), last.unwrap_or(number), began).await?;
            raise_missing(connection, (file, numbering), round, (number, missing), now).await?;
        }
        Step::Moved(missing) => {
            let stray = stray.unwrap_or(number);
            if last.is_some_and(|last| numbering.distance(last, stray) < 0) {
                began = newest_import(connection, file, stray).await?;
            }
            let round = round_of(connection, (file, numbering), stray, began).await?;
            raise_missing(connection, (file, numbering), round, (number, missing), now).await?;
        }
    }
    if let (Some(last), Some(stray), Step::Next | Step::Ahead(_)) = (last, stray, step) {
        let range = numbering.between(last, stray);
        ingest_alarms::clear_in(connection, &file.source, Kind::Gap, &range, now).await?;
    }
    sqlx::query(
        "INSERT INTO import_sequence (source, last, began_import) VALUES ($1, $2, $3)
         ON CONFLICT (source) DO UPDATE SET last = excluded.last, stray = NULL, began_import = excluded.began_import",
    )
    .bind(&file.source)
    .bind(number)
    .bind(began)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether the file came before, and its import was taken back: where its number stands in the row is known.
async fn comes_again(connection: &mut PgConnection, file: &FoundFile, number: i64) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT EXISTS (SELECT FROM import i WHERE i.source = $1 AND i.sequence = $2 AND (i.sha256 = $3 OR i.file_name = $4) AND {ROLLED_BACK} IS NOT NULL)"
    );
    Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(&file.source)
        .bind(number)
        .bind(&file.sha256[..])
        .bind(&file.file_name)
        .fetch_one(connection)
        .await?)
}

/// The newest import with a number.
async fn newest_import(
    connection: &mut PgConnection,
    file: &FoundFile,
    number: i64,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar("SELECT max(id) FROM import WHERE source = $1 AND sequence = $2 AND state <> 'refused'")
        .bind(&file.source)
        .bind(number)
        .fetch_one(connection)
        .await?)
}

/// The import behind which files are of the present round; `None` = numbers never began anew, and all are.
async fn round_of(
    connection: &mut PgConnection,
    (file, numbering): (&FoundFile, Numbering),
    base: i64,
    began: Option<i64>,
) -> Result<Option<i64>, StoreError> {
    match numbering.wrap {
        Some(_) => Ok(Some(newest_import(connection, file, base).await?.unwrap_or(0))),
        None => Ok(began),
    }
}

/// Whether a number stands as missing, alone or in a range.
async fn is_missing(connection: &mut PgConnection, file: &FoundFile, number: i64) -> Result<bool, StoreError> {
    let subjects: Vec<String> = sqlx::query_scalar(
        "SELECT subject FROM ingest_alarm WHERE source = $1 AND kind = 'gap' AND cleared_at IS NULL AND (subject = $2 OR subject LIKE '%..%')",
    )
    .bind(&file.source)
    .bind(number.to_string())
    .fetch_all(connection)
    .await?;
    Ok(subjects.iter().any(|subject| {
        let Some((from, to)) = subject.split_once("..") else { return true };
        match (from.parse::<i64>(), to.parse::<i64>()) {
            (Ok(from), Ok(to)) if from <= to => (from..=to).contains(&number),
            // Behind the highest number comes the first.
            (Ok(from), Ok(to)) => number >= from || number <= to,
            _ => false,
        }
    }))
}

/// An alarm for each of the numbers before `number` that has not come in its round.
async fn raise_missing(
    connection: &mut PgConnection,
    (file, numbering): (&FoundFile, Numbering),
    round: Option<i64>,
    (number, missing): (i64, i64),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let passed: Vec<i64> = (1..=missing).rev().map(|steps| numbering.before(number, steps)).collect();
    let not_come: Vec<i64> = sqlx::query_scalar(
        "SELECT number FROM unnest($2::bigint[]) WITH ORDINALITY AS passed (number, place)
         WHERE NOT EXISTS (SELECT FROM import i WHERE i.source = $1 AND i.sequence = number AND i.state <> 'refused' AND i.id > coalesce($3, 0))
         ORDER BY place",
    )
    .bind(&file.source)
    .bind(&passed)
    .bind(round)
    .fetch_all(&mut *connection)
    .await?;
    for missing in not_come {
        let missing = missing.to_string();
        if round.is_some() {
            // One that stands is of a former round: whoever acknowledged it knows nothing of this file.
            ingest_alarms::clear_in(connection, &file.source, Kind::Gap, &missing, now).await?;
        }
        let name = &file.file_name;
        let raised = Raised {
            source: &file.source,
            kind: Kind::Gap,
            subject: &missing,
            what: &format!("file number {missing} has not come; {name} came instead. Fetch it from the switch"),
            what_ru: &format!("Файл номер {missing} не пришёл; вместо него пришёл {name}. Заберите его с коммутатора"),
        };
        ingest_alarms::raise_in(connection, &raised, now).await?;
    }
    Ok(())
}

/// A number far ahead is told as one gap; one far behind that nobody misses is no gap.
async fn raise_stray(
    connection: &mut PgConnection,
    (file, numbering): (&FoundFile, Numbering),
    (last, number): (i64, i64),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if numbering.distance(last, number) < 0 {
        return Ok(());
    }
    let (range, name) = (numbering.between(last, number), &file.file_name);
    let raised = Raised {
        source: &file.source,
        kind: Kind::Gap,
        subject: &range,
        what: &format!(
            "file numbers {range} have not come; {name} came after number {last}. Is its name right? If files go on behind {last}, this alarm clears itself; else fetch the missing ones from the switch"
        ),
        what_ru: &format!(
            "Файлы номер {range} не пришли; после номера {last} пришёл {name}. Верно ли его имя? Если файлы пойдут дальше за номером {last}, тревога снимется сама; иначе заберите недостающие с коммутатора"
        ),
    };
    ingest_alarms::raise_in(connection, &raised, now).await
}
