//! How fast staff find a client among a million: search, lists and cards over HTTP.
//!
//! `eval "$(deploy/stack env)"; cargo run --release -p benches --bin clients` (about four minutes, most of them to make the clients)
//!
//! 1,000,000 clients with Cyrillic names, parties, contacts and 1,000,000 accounts with a number each in Postgres; the admin API in this process, and as many
//! callers as asked for, each with one connection, one request after the other. Ends with status 1 when the 95th percentile of any kind of request is above
//! the limit.

#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use admin_api::{AppState, CallsReader, RateLimits, serve_until};
use anyhow::{Context, ensure};
use benches::{Caller, Random, TOKEN};
use billing::{Clock, Store, SystemClock, staff};
use cdr_ingest::operator_dir;
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone, Parser)]
struct Options {
    /// Clients; each has an account with a number.
    #[arg(long, default_value_t = 1_000_000)]
    clients: u64,
    /// Callers at once.
    #[arg(long, default_value_t = 16)]
    callers: u64,
    /// Seconds of asking.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Highest 95th percentile, in milliseconds.
    #[arg(long, default_value_t = 50)]
    within_ms: u64,
    /// Any database of the server; its own is made beside it and dropped.
    #[arg(long, env = "TOLLGATE_POSTGRES")]
    postgres: String,
    /// Keep the database, and take the one that was kept.
    #[arg(long)]
    keep: bool,
}

/// Words of names, made of syllables: a million names share them, as those of real companies do.
fn words(count: usize, seed: u64) -> Vec<String> {
    const BEGIN: [&str; 20] = [
        "строй",
        "тех",
        "рос",
        "мос",
        "сев",
        "юг",
        "авто",
        "агро",
        "мет",
        "энерго",
        "нефте",
        "газ",
        "лес",
        "мед",
        "торг",
        "транс",
        "глав",
        "спец",
        "пром",
        "инвест",
    ];
    const END: [&str; 20] = [
        "сервис",
        "монтаж",
        "снаб",
        "комплект",
        "проект",
        "альянс",
        "групп",
        "маш",
        "ресурс",
        "импорт",
        "экспорт",
        "ком",
        "дом",
        "сбыт",
        "трейд",
        "связь",
        "линия",
        "град",
        "мир",
        "строй",
    ];
    let mut random = Random::new(seed);
    let mut words: Vec<String> = Vec::new();
    while words.len() < count {
        let word = format!("{}{}", BEGIN[random.below(20) as usize], END[random.below(20) as usize]);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

fn array(words: &[String]) -> String {
    format!("array['{}']", words.join("','"))
}

/// The clients, by statements: what the rooms make one by one.
fn statements(clients: u64) -> Vec<(&'static str, String)> {
    let (first, second) = (array(&words(250, 3)), array(&words(250, 5)));
    let word = |words: &str, salt: u32| format!("({words})[1 + abs(hashint8(i * 31 + {salt})::bigint) % 250]");
    let name = format!(
        "CASE WHEN i % 4 = 0 THEN 'ИП ' || initcap({}) || 'ов ' || (array['Пётр','Анна','Олег','Ирина','Семён'])[1 + i % 5]
              ELSE (array['ООО','АО','ПАО'])[1 + i % 3] || ' «' || initcap({}) || ' ' || initcap({}) || '»' END",
        word(&first, 1),
        word(&first, 1),
        word(&second, 2)
    );
    vec![
        (
            "parties",
            format!(
                "INSERT INTO party (id, kind, name, inn, kpp, city, created_at) OVERRIDING SYSTEM VALUE
                 SELECT 100000 + i, CASE WHEN i % 4 = 0 THEN 'sole_proprietor' ELSE 'legal' END, {name},
                        CASE WHEN i % 4 = 0 THEN '77' || lpad(i::text, 10, '0') ELSE '77' || lpad(i::text, 8, '0') END,
                        CASE WHEN i % 4 = 0 THEN NULL ELSE '770701001' END, (array['Москва','Казань','Тверь','Омск'])[1 + i % 4], now()
                 FROM generate_series(1::bigint, {clients}) i"
            ),
        ),
        (
            "clients",
            format!(
                "INSERT INTO client (id, code, name, party_id, email, phone, phone_key, contact_person, registered_at) OVERRIDING SYSTEM VALUE
                 SELECT 100000 + i, 'K-' || lpad(i::text, 7, '0'), p.name, p.id, 'office' || i || '@example.ru', '8 (495) ' || lpad((i % 10000000)::text, 7, '0'),
                        '7495' || lpad((i % 10000000)::text, 7, '0'), 'Анна Орлова', now() - i * interval '1 minute'
                 FROM generate_series(1::bigint, {clients}) i JOIN party p ON p.id = 100000 + i"
            ),
        ),
        (
            "contacts",
            format!(
                "INSERT INTO contact (client_id, name, email, phone, phone_key, created_at, created_by)
                 SELECT 100000 + i, 'Контакт', 'second' || i || '@example.ru', '8 (812) ' || lpad(i::text, 7, '0'), '7812' || lpad(i::text, 7, '0'), now(), 'bench'
                 FROM generate_series(1::bigint, {clients}, 5) i"
            ),
        ),
        (
            "accounts",
            format!(
                "WITH made AS (
                     INSERT INTO account (id, code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy, opened_at) OVERRIDING SYSTEM VALUE
                     SELECT 1000000 + i, 'N-' || lpad(i::text, 7, '0'), 100000 + i, (SELECT min(id) FROM legal_entity), 'RUB', 'Europe/Moscow', 'prepaid', 'none',
                            now() - i * interval '1 minute'
                     FROM generate_series(1::bigint, {clients}) i RETURNING id)
                 INSERT INTO account_balance (account_id, balance) SELECT id, id % 1000 FROM made"
            ),
        ),
        (
            "plans",
            format!(
                "INSERT INTO account_plan (account_id, plan_id) SELECT 1000000 + i, (SELECT min(id) FROM tariff_plan) FROM generate_series(1::bigint, {clients}) i"
            ),
        ),
        (
            "numbers",
            format!(
                "INSERT INTO did (number, status, account_id, kind, sale, added_at)
                 SELECT '7499' || lpad(i::text, 7, '0'), 'in_work', 1000000 + i, 'ordinary', 'yes', now() FROM generate_series(1::bigint, {clients}) i"
            ),
        ),
        ("statistics", "VACUUM ANALYZE party, client, client_name_tail, contact, account, account_balance, account_plan, did".to_owned()),
    ]
}

async fn fill(store: &Store, clients: u64) -> anyhow::Result<()> {
    store.migrate().await?;
    let directory = tempfile::tempdir()?;
    benches::operator(directory.path(), 100)?;
    let operator = operator_dir::read(directory.path())?;
    billing::operator::load(store, &operator.operator, SystemClock.now(), &|_| ()).await?;
    for (what, sql) in statements(clients) {
        let begun = Instant::now();
        store.run_past_the_rooms(&sql).await.with_context(|| what.to_owned())?;
        println!("{what}: {:.0} s", begun.elapsed().as_secs_f64());
    }
    let until = SystemClock.now() + chrono::TimeDelta::days(1);
    staff::add_token(store, "bench", "admin", TOKEN, until).await?;
    Ok(())
}

/// Kinds of requests, in turn.
const KINDS: [&str; 10] = [
    "search by two words",
    "search by one word",
    "search by the beginning of a word",
    "search by INN",
    "search by phone",
    "search by account",
    "list of clients, a page of many",
    "list of accounts, the newest",
    "card of a client",
    "card of an account",
];

/// The path of a request of a kind.
fn path(kind: usize, random: &mut Random, clients: u64, words: &[Vec<String>; 2]) -> String {
    let client = 1 + random.below(clients);
    let word = |random: &mut Random, which: usize| escaped(&words[which][random.below(250) as usize]);
    match kind {
        0 => format!("/v1/clients?q={}%20{}", word(random, 0), word(random, 1)),
        1 => format!("/v1/clients?q={}", word(random, 1)),
        2 => {
            let word = &words[0][random.below(250) as usize];
            let beginning: String = word.chars().take(4).collect();
            format!("/v1/clients?name={}%25", escaped(&beginning))
        }
        3 => format!("/v1/clients?q=77{client:08}"),
        4 => format!("/v1/search?q=8%20495%20{client:07}"),
        5 => format!("/v1/search?q=N-{client:07}"),
        6 => format!("/v1/clients?sort={}&limit=100", ["name", "-registered_at", "id"][random.below(3) as usize]),
        7 => "/v1/accounts?active=true&limit=100&payment_mode=prepaid".to_owned(),
        8 => format!("/v1/clients/K-{client:07}"),
        _ => format!("/v1/accounts/N-{client:07}"),
    }
}

fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        let _ = write!(escaped, "%{byte:02X}");
        escaped
    })
}

async fn ask(
    address: std::net::SocketAddr,
    seed: u64,
    options: &Options,
    until: Instant,
) -> anyhow::Result<Vec<(usize, Duration)>> {
    let mut random = Random::new(seed);
    let mut caller = Caller::connect(address).await?;
    let words = [words(250, 3), words(250, 5)];
    let mut taken = Vec::new();
    while Instant::now() < until {
        let kind = random.below(KINDS.len() as u64) as usize;
        let path = path(kind, &mut random, options.clients, &words);
        let begun = Instant::now();
        caller.get(&path).await?;
        taken.push((kind, begun.elapsed()));
    }
    Ok(taken)
}

async fn measure(store: Store, options: &Options) -> anyhow::Result<bool> {
    let state = AppState::new(store, Arc::new(SystemClock), CallsReader::open("http://127.0.0.1:1", "none"))
        .limited(RateLimits::NONE);
    state.refresh().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(serve_until(listener, state, std::future::pending()));
    // Once with nobody beside, so that caches are as they are in the middle of a day.
    for (seconds, is_told) in [(5, false), (options.seconds, true)] {
        let until = Instant::now() + Duration::from_secs(seconds);
        let callers: Vec<_> = (1..=options.callers)
            .map(|seed| {
                let options = options.clone();
                tokio::spawn(async move { ask(address, seed + seconds * 100, &options, until).await })
            })
            .collect();
        let mut taken = Vec::new();
        for caller in callers {
            taken.extend(caller.await??);
        }
        if is_told {
            serving.abort();
            return Ok(told(&taken, options));
        }
    }
    Ok(false)
}

fn told(taken: &[(usize, Duration)], options: &Options) -> bool {
    println!("{:<36} {:>8} {:>8} {:>8} {:>8}", "ms", "requests", "p50", "p95", "p99");
    let mut is_within = true;
    for (kind, name) in KINDS.iter().enumerate() {
        let mut times: Vec<f64> =
            taken.iter().filter(|(of, _)| *of == kind).map(|(_, time)| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let at = |part: usize| {
            times.get((times.len() * part / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        println!("{name:<36} {:>8} {:>8.1} {:>8.1} {:>8.1}", times.len(), at(50), at(95), at(99));
        is_within &= at(95) <= options.within_ms as f64;
    }
    println!("{} requests, {:.0} a second", taken.len(), taken.len() as f64 / options.seconds as f64);
    is_within
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let (server, _) = options.postgres.rsplit_once('/').context("an address of Postgres with a database")?;
    let url = format!("{server}/tollgate_test_clients");
    let found = options.keep && Store::open(&url, 1)?.ping().await.is_ok();
    if !found {
        Store::create_database(&url, true).await?;
    }
    let store = Store::open(&url, 16)?;
    let result = async {
        if !found {
            fill(&store, options.clients).await?;
        }
        measure(store.clone(), &options).await
    };
    let result = result.await;
    drop(store);
    if !options.keep {
        Store::drop_database(&url).await?;
    }
    ensure!(result?, "the 95th percentile of some kind of request is above {} ms", options.within_ms);
    Ok(())
}
