//! A call that wants to begin, on one core: its checks, and how far money reaches.
//!
//! `cargo bench -p benches --bench authorize`

use std::hint::black_box;

use cdr_ingest::decode::{DecodedCdr, Sources, decode};
use cdr_ingest::normalise::normalise;
use cdr_ingest::stages::fallback_source;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rating::authorize::{Admitted, Request, Rules, admit};
use rating::rows::SourceRow;
use rating::{Money, Service, Snapshot};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORDS: usize = 50_000;
/// Two hours: what a switch asks for at most.
const LONGEST_S: u64 = 7_200;

/// The call of a record before it begins.
struct Wanted<'a, 's> {
    cdr: DecodedCdr<'a>,
    source: &'s SourceRow,
    at_ms: i64,
}

impl Wanted<'_, '_> {
    fn request<'r>(&'r self, providers: &'r [&'r str]) -> Request<'r> {
        let cdr = &self.cdr;
        Request {
            source: self.source,
            service: cdr.service,
            account: cdr.account.as_deref(),
            trunk: cdr.trunk_in.as_deref(),
            src: &cdr.src,
            dst: &cdr.dst,
            forwarded_from: cdr.forwarded_from.as_deref(),
            incoming_service: cdr.incoming_service.as_deref(),
            place: cdr.place.as_deref(),
            providers,
            at_ms: self.at_ms,
        }
    }
}

fn measure(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    benches::operator(directory.path(), 50_000).expect("an operator");
    let snapshot = benches::snapshot(directory.path(), cdr_ingest::operator_dir::world_plan()).expect("a snapshot");
    let (records, _) = benches::records(directory.path(), RECORDS as u64).expect("records");
    let fallback = fallback_source(&snapshot);
    let sources = Sources::new(snapshot.sources(), &fallback);
    let now_ms = benches::until().timestamp_millis();
    let mut wanted = Vec::new();
    for (bytes, header, _) in &records {
        let Ok((cdr, source)) = decode(bytes, header.as_deref(), &sources) else { continue };
        let Ok(call) = normalise(&cdr, source, now_ms) else { continue };
        if cdr.service == Service::Outgoing {
            wanted.push(Wanted { cdr, source, at_ms: call.at_ms() });
        }
    }
    let mut group = criterion.benchmark_group("authorize");
    group.sample_size(20);

    let three: Vec<&str> = snapshot.providers().iter().take(3).map(|provider| &*provider.code).collect();
    let ask = |wanted: &Wanted<'_, '_>, providers: &[&str]| {
        admit(&snapshot, &wanted.request(providers), Rules::default()).outcome
    };
    group.throughput(Throughput::Elements(wanted.len() as u64));
    let named: [(&str, &[&str]); 2] = [("three routes named", &three), ("no route named, every provider priced", &[])];
    for (what, providers) in named {
        group.bench_function(format!("checks, {what}"), |bencher| {
            bencher.iter(|| wanted.iter().filter(|wanted| ask(black_box(*wanted), providers).is_ok()).count());
        });
    }

    let admitted: Vec<Admitted> = wanted.iter().filter_map(|wanted| ask(wanted, &three[..]).ok()).collect();
    let ten_minutes = |admitted: &Admitted| admitted.price(&snapshot, &()).price_of(600).unwrap_or_default();
    let exact: Vec<Money> = admitted.iter().map(ten_minutes).collect();
    let plenty = vec![Money::MAX; admitted.len()];
    group.throughput(Throughput::Elements(admitted.len() as u64));
    for (what, money) in [("that suffices for two hours", &plenty), ("for ten minutes of two hours", &exact)] {
        group.bench_function(format!("seconds and hold, with money {what}"), |bencher| {
            bencher.iter(|| granted(&snapshot, black_box(&admitted), money));
        });
    }
    group.finish();
}

fn granted(snapshot: &Snapshot, admitted: &[Admitted], money: &[Money]) -> u64 {
    let grants = admitted.iter().zip(money).filter_map(|(admitted, money)| {
        let price = admitted.price(snapshot, &());
        price.grant(*money, LONGEST_S)
    });
    grants.map(|grant| grant.seconds).sum()
}

criterion_group!(benches, measure);
criterion_main!(benches);
