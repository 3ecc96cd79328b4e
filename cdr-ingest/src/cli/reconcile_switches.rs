//! `cdr-ingest reconcile-switches`: what switches count against what was received.

use std::collections::BTreeMap;
use std::process::ExitCode;

use billing::ingest_alarms::{self, Kind, Raised};
use billing::reconciliation::{self, CHARGED_BY_HOUR, Hour, Key, Ours, REPEATED_BY_HOUR, Tolerance};
use billing::settings::Settings;
use billing::{Clock, Store, SystemClock};
use chrono::{DateTime, TimeDelta, Timelike, Utc};

use super::Engines;
use crate::clickhouse::ClickHouse;

/// Compare the hours of switches with what was received; every hour that differs by more than the tolerance is an alarm (GET /v1/ingest-alarms).
///
/// An hour that agrees by now clears its alarm. Run it every hour; hours that ended less than reconciliation.grace_minutes ago wait. Ends with status 1 when
/// hours differ.
///
///   cdr-ingest reconcile-switches --hours 48
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    engines: Engines,
    /// How many hours back.
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(i64).range(1..=744))]
    hours: i64,
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    let engines = &options.engines;
    let store = engines.store(2)?;
    super::wait_for("Postgres", &engines.postgres, engines.wait_seconds, async || store.ping().await).await?;
    let clickhouse = engines.clickhouse();
    super::wait_for("ClickHouse", &engines.clickhouse, engines.wait_seconds, async || clickhouse.ping().await).await?;
    let settings = Settings::read(&store).await?;
    let tolerance = Tolerance::of(&settings)?;
    let now = SystemClock.now();
    let to = beginning(reconciliation::compared_until(&settings, now)?);
    let from = to - TimeDelta::hours(options.hours);
    let (mut compared, mut differing) = (0_u64, 0_u64);
    for hour in hours(&store, &clickhouse, from, to).await?.into_iter().filter(|hour| hour.switch.is_some()) {
        compared += 1;
        let subject = hour.hour.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        if !tolerance.is_exceeded(&hour) {
            ingest_alarms::clear(&store, &hour.source, Kind::Difference, &subject, now).await?;
            continue;
        }
        differing += 1;
        let Some((missing, (_, switch))) = hour.missing().zip(hour.switch) else { continue };
        let (received, ours) = (hour.ours.received(), hour.ours);
        let what = format!(
            "hour {subject}: the switch has {} attempts, {} answered, {} s; received {received} (rated {}, non-target {}, suspended {}), {} answered, {} s; \
             missing {}, {}, {} s. Ask the switch for the records of the hour",
            switch.attempts,
            switch.answered,
            switch.seconds,
            ours.rated,
            ours.non_target,
            ours.suspended,
            ours.answered,
            ours.seconds,
            missing.attempts,
            missing.answered,
            missing.seconds
        );
        let what_ru = format!(
            "Час {subject}: у коммутатора попыток {}, отвечено {}, секунд {}; получено {received} (тарифицировано {}, нецелевых {}, в отстойнике {}), отвечено {}, секунд {}; \
             не хватает {}, {}, {} с. Запросите записи этого часа у коммутатора",
            switch.attempts,
            switch.answered,
            switch.seconds,
            ours.rated,
            ours.non_target,
            ours.suspended,
            ours.answered,
            ours.seconds,
            missing.attempts,
            missing.answered,
            missing.seconds
        );
        let source = &hour.source;
        let raised = Raised { source, kind: Kind::Difference, subject: &subject, what: &what, what_ru: &what_ru };
        ingest_alarms::raise(&store, &raised, now).await?;
    }
    eprintln!("{compared} hours compared, {differing} differ");
    Ok(if differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn beginning(moment: DateTime<Utc>) -> DateTime<Utc> {
    let into = TimeDelta::seconds(i64::from(moment.minute() * 60 + moment.second()))
        + TimeDelta::nanoseconds(i64::from(moment.nanosecond()));
    moment - into
}

async fn hours(
    store: &Store,
    clickhouse: &ClickHouse,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> anyhow::Result<Vec<Hour>> {
    let ask = |statement| {
        let query = clickhouse.client().query(statement).bind(from.timestamp_millis()).bind(to.timestamp_millis());
        query.bind("").bind("")
    };
    let mut ours: BTreeMap<Key, Ours> = BTreeMap::new();
    let charged: Vec<(String, i64, i64, i64, i64, i64)> = ask(CHARGED_BY_HOUR).fetch_all().await?;
    for (source, hour, rated, non_target, answered, seconds) in charged {
        ours.insert((source, hour), Ours { rated, non_target, answered, seconds, ..Ours::default() });
    }
    let repeated: Vec<(String, i64, i64)> = ask(REPEATED_BY_HOUR).fetch_all().await?;
    for (source, hour, records) in repeated {
        ours.entry((source, hour)).or_default().duplicate = records;
    }
    for (key, records) in reconciliation::suspended_by_hour(store, "", from, to).await? {
        ours.entry(key).or_default().suspended = records;
    }
    Ok(reconciliation::hours(reconciliation::counts(store, "", from, to).await?, ours))
}
