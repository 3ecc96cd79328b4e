//! Workloads that the benches share.
//!
//! Owns: seeded numbers over the world's plan, a generated operator with its records; a connection that asks over HTTP.
//! Does not own: what is measured.
//! Always: the same seed gives the same work.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use cdr_ingest::generate::operator::{OperatorOptions, write_operator};
use cdr_ingest::generate::traffic::{TrafficOptions, generate};
use cdr_ingest::generate::{expectation::Expectation, model::Operator};
use cdr_ingest::operator_dir::{self, world_plan_csv};
use chrono::{DateTime, NaiveTime, Utc};
use numbering::{Digits, NumberingPlan};
use rating::Snapshot;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A small generator of random numbers: enough to spread a workload.
pub struct Random(u64);

impl Random {
    /// From a seed above 0.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (xorshift64*).
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Numbers of 11 to 13 digits, each under a random prefix of the plan: the hard case, most of them end deep in the trie.
pub fn numbers_under_prefixes(plan: &NumberingPlan, count: usize) -> Vec<Digits> {
    let mut random = Random::new(1);
    let set = plan.prefixes();
    (0..count)
        .map(|_| {
            let prefix = set.prefix(numbering::PrefixId(random.below(set.len() as u64) as u32));
            let mut text = prefix.to_string();
            let length = 11 + random.below(3) as usize;
            while text.len() < length {
                text.push(char::from(b'0' + random.below(10) as u8));
            }
            Digits::parse(text.as_bytes()).expect("digits")
        })
        .collect()
}

/// Uniform numbers of 11 digits: most of them match a short prefix.
pub fn uniform_numbers(count: usize) -> Vec<Digits> {
    let mut random = Random::new(2);
    (0..count)
        .map(|_| {
            let text = (10_000_000_000 + random.below(89_999_999_999)).to_string();
            Digits::parse(text.as_bytes()).expect("digits")
        })
        .collect()
}

/// The moment that generated records count as now.
pub fn until() -> DateTime<Utc> {
    Utc::now().date_naive().and_time(NaiveTime::MIN).and_utc()
}

/// Writes an operator of so many accounts.
pub fn operator(directory: &Path, accounts: u32) -> anyhow::Result<()> {
    let options = OperatorOptions { seed: 1, accounts, until: until().date_naive() };
    write_operator(&options, &world_plan_csv(), directory, &mut |_, _| ())?;
    Ok(())
}

/// The snapshot of an operator directory.
pub fn snapshot(directory: &Path, plan: Arc<NumberingPlan>) -> anyhow::Result<Snapshot> {
    Ok(operator_dir::read(directory)?.snapshot(plan)?)
}

/// A generated record with its source header and message time.
pub type Generated = (Vec<u8>, Option<String>, i64);

/// So many records of an operator directory.
pub fn records(directory: &Path, count: u64) -> anyhow::Result<(Vec<Generated>, Expectation)> {
    let operator = Operator::read(directory)?;
    let options = TrafficOptions { seed: 1, cdrs: count, until: until(), days: 3, non_target_days: 40 };
    let mut records = Vec::with_capacity(count as usize);
    let expectation = generate(&options, &operator, &world_plan_csv(), &mut |record| {
        records.push((record.payload, record.source, record.timestamp_ms));
        Ok(())
    })?;
    Ok((records, expectation))
}

/// The token of whoever asks over HTTP.
pub const TOKEN: &str = "bench-token";

/// One connection that asks.
pub struct Caller(BufReader<TcpStream>);

impl Caller {
    /// A connection of its own.
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Asks with [`TOKEN`]; how long the answer is, which has to be 200.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<usize> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes()).await?;
        let (mut line, mut length, mut status) = (String::new(), None, String::new());
        loop {
            line.clear();
            ensure!(self.0.read_line(&mut line).await? > 0, "the connection was closed");
            if status.is_empty() {
                status.clone_from(&line);
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse::<usize>().ok();
            }
        }
        let mut body = vec![0; length.context("an answer has a length")?];
        self.0.read_exact(&mut body).await?;
        ensure!(status.contains(" 200 "), "{path}: {status}{}", String::from_utf8_lossy(&body));
        Ok(body.len())
    }
}
