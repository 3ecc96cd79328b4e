//! Numbers of files as they come.
//!
//! Owns: table `import_sequence`: the newest number of a source, the alarms of numbers that were passed over.
//! Does not own: the order of numbers (`rules`), files.
//! Always: a number that has come since is not missing; one odd number stops nothing: files have to go on behind it before it counts.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};

use super::rules::{Numbering, Step};
use super::store::FoundFile;
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
    let known = sqlx::query("SELECT last, stray FROM import_sequence WHERE source = $1")
        .bind(&file.source)
        .fetch_optional(&mut *connection)
        .await?;
    let last: Option<i64> = known.as_ref().map(|row| row.get("last"));
    let stray: Option<i64> = known.and_then(|row| row.get("stray"));
    let step = numbering.step(last, stray, is_missing(connection, file, number).await?, number);
    ingest_alarms::clear_in(connection, &file.source, Kind::Gap, &number.to_string(), now).await?;
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
            raise_missing(connection, (file, numbering), (last.unwrap_or(number), number, missing), now).await?;
        }
        Step::Moved(missing) => {
            raise_missing(connection, (file, numbering), (stray.unwrap_or(number), number, missing), now).await?;
        }
    }
    if let (Some(last), Some(stray), Step::Next | Step::Ahead(_)) = (last, stray, step) {
        let range = numbering.between(last, stray);
        ingest_alarms::clear_in(connection, &file.source, Kind::Gap, &range, now).await?;
    }
    sqlx::query(
        "INSERT INTO import_sequence (source, last) VALUES ($1, $2) ON CONFLICT (source) DO UPDATE SET last = excluded.last, stray = NULL",
    )
    .bind(&file.source)
    .bind(number)
    .execute(connection)
    .await?;
    Ok(())
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

/// An alarm for each of the numbers before `number` that has not come since `base` did.
async fn raise_missing(
    connection: &mut PgConnection,
    (file, numbering): (&FoundFile, Numbering),
    (base, number, missing): (i64, i64, i64),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let passed: Vec<i64> = (1..=missing).rev().map(|steps| numbering.before(number, steps)).collect();
    let begins_anew = numbering.wrap.is_some();
    let not_come: Vec<i64> = sqlx::query_scalar(
        "SELECT number FROM unnest($2::bigint[]) WITH ORDINALITY AS passed (number, place)
         WHERE NOT EXISTS (SELECT FROM import i WHERE i.source = $1 AND i.sequence = number AND i.state <> 'refused'
             AND (NOT $3 OR i.id > coalesce((SELECT max(b.id) FROM import b WHERE b.source = $1 AND b.sequence = $4 AND b.state <> 'refused'), 0)))
         ORDER BY place",
    )
    .bind(&file.source)
    .bind(&passed)
    .bind(begins_anew)
    .bind(base)
    .fetch_all(&mut *connection)
    .await?;
    for missing in not_come {
        let missing = missing.to_string();
        if begins_anew {
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
