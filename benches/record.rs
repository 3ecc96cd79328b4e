//! A record on one core: pricing a parsed CDR, and bytes to a charge with its row.
//!
//! `cargo bench -p benches --bench record`

use std::hint::black_box;

use cdr_ingest::charge::{Arena, Located, Periods};
use cdr_ingest::clickhouse::row::Place;
use cdr_ingest::counters::Standings;
use cdr_ingest::decode::{Sources, decode};
use cdr_ingest::normalise::normalise;
use cdr_ingest::stages::{Context, fallback_source, run};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rating::leg::{Leg, price_leg};
use rating::{Service, Snapshot};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORDS: usize = 50_000;

fn measure(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    benches::operator(directory.path(), 50_000).expect("an operator");
    let snapshot = benches::snapshot(directory.path(), cdr_ingest::operator_dir::world_plan()).expect("a snapshot");
    let (records, _) = benches::records(directory.path(), RECORDS as u64).expect("records");
    let fallback = fallback_source(&snapshot);
    let sources = Sources::new(snapshot.sources(), &fallback);
    let now_ms = benches::until().timestamp_millis();
    let mut group = criterion.benchmark_group("record");
    group.sample_size(20);

    let legs = parsed(&snapshot, &records, &sources, now_ms);
    group.throughput(Throughput::Elements(legs.len() as u64));
    group.bench_function("price a parsed outgoing leg (locks, layers, retail and wholesale)", |bencher| {
        bencher.iter(|| legs.iter().filter(|leg| price_leg(&snapshot, black_box(leg), &mut ()).is_ok()).count());
    });
    group.throughput(Throughput::Elements(records.len() as u64));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            records
                .iter()
                .filter(|(bytes, header, _)| decode(black_box(bytes), header.as_deref(), &sources).is_ok())
                .count()
        });
    });
    let canonical: Vec<&[u8]> = records
        .iter()
        .map(|(bytes, ..)| &bytes[..])
        .filter(|bytes| serde_json::from_slice::<Canonical<'_>>(bytes).is_ok())
        .collect();
    group.throughput(Throughput::Elements(canonical.len() as u64));
    group.bench_function("canonical records by the scanner in use", |bencher| {
        bencher.iter(|| canonical.iter().filter(|bytes| decode(black_box(bytes), None, &sources).is_ok()).count());
    });
    group.bench_function("canonical records by serde_json, texts and times not yet understood", |bencher| {
        let parsed =
            |bytes: &[u8]| serde_json::from_slice::<Canonical<'_>>(bytes).is_ok_and(|record| record.is_whole());
        bencher.iter(|| canonical.iter().filter(|bytes| parsed(black_box(bytes))).count());
    });
    group.throughput(Throughput::Elements(records.len() as u64));
    group.bench_function("bytes to charge and row", |bencher| {
        let periods = Periods::default();
        let context = Context {
            snapshot: &snapshot,
            sources: &sources,
            periods: &periods,
            now_ms,
            window_ms: 72 * 3_600_000,
            forgotten_up_to_ms: i64::MIN,
            late_lookup_failed: false,
        };
        // With room from the start, as a lane of the stream makes it.
        let bytes = records.iter().map(|(bytes, ..)| bytes.len()).sum();
        bencher.iter_batched_ref(
            || Arena::for_records(records.len(), bytes),
            |arena| {
                let mut standings = Standings::default();
                let records = records.iter().enumerate().map(|(offset, (bytes, header, received_ms))| {
                    let place = Place { stream: 1, partition: 0, offset: offset as i64 };
                    Located {
                        bytes,
                        place,
                        received_ms: *received_ms,
                        header: header.as_deref(),
                        import_id: 0,
                        correction: None,
                    }
                });
                run(&context, records, &mut standings, arena);
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// A canonical record as a derived parser reads it: what the scanner is held against.
#[derive(serde::Deserialize)]
struct Canonical<'a> {
    cdr_id: &'a str,
    src: Option<&'a str>,
    dst: &'a str,
    service: &'a str,
    setup_at: Option<serde_json::Value>,
    answer_at: Option<serde_json::Value>,
    end_at: Option<serde_json::Value>,
    billable_ms: Option<i64>,
    account: Option<&'a str>,
    trunk_in: Option<&'a str>,
    trunk_out: Option<&'a str>,
    disposition: &'a str,
}

impl Canonical<'_> {
    fn is_whole(&self) -> bool {
        let times = [&self.setup_at, &self.answer_at, &self.end_at].iter().filter(|at| at.is_some()).count();
        let names = [self.src, self.account, self.trunk_in, self.trunk_out].iter().flatten().count();
        !self.cdr_id.is_empty() && times + names > 0 && !self.dst.is_empty() && self.service != self.disposition
            || self.billable_ms.is_some()
    }
}

/// Outgoing legs of the records, payer and provider found beforehand.
fn parsed<'a>(
    snapshot: &'a Snapshot,
    records: &[benches::Generated],
    sources: &Sources<'_>,
    now_ms: i64,
) -> Vec<Leg<'a>> {
    let mut legs = Vec::new();
    for (bytes, header, _) in records {
        let Ok((cdr, source)) = decode(bytes, header.as_deref(), sources) else { continue };
        let Ok(call) = normalise(&cdr, source, now_ms) else { continue };
        if cdr.service != Service::Outgoing {
            continue;
        }
        for (_, admitted) in cdr_ingest::admit::admit(snapshot, &cdr, &call, source).into_iter().flatten() {
            let Ok(admitted) = admitted else { continue };
            if let cdr_ingest::admit::Admission::Rate { account: Some(account), .. } = admitted.admission {
                legs.push(Leg {
                    account: Some(account),
                    plan: None,
                    service: admitted.service,
                    number: call.dst.digits(),
                    origin: cdr_ingest::admit::origin(&call),
                    provider: admitted.provider,
                    incoming_service: None,
                    place: None,
                    at_ms: call.at_ms(),
                    usage: call.usage,
                    stored: None,
                    counters: &(),
                });
            }
        }
    }
    legs
}

criterion_group!(benches, measure);
criterion_main!(benches);
