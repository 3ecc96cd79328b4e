//! `cdr-ingest replay`: stored charges against the price of their legs.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use chrono::{NaiveDate, Utc};
use rating::replay::{Replayed, StoredCharge};
use rating::wording::Language;
use serde_json::json;

use super::{Engines, NumberingFiles};
use crate::operator_dir;
use crate::replay::{Outcome, Scope, read, replay_all};

/// Differences that are printed.
const SHOWN: usize = 20;

/// Price stored charges again, each by the catalogue of the version that it names and by the terms and counters that it kept.
///
/// Compares amounts, rows, seconds and counters, retail and wholesale, to the nano-unit. Changes nothing. The exit status is 1 when anything differs.
///
///   cdr-ingest replay --account A0000001 --from 2026-11-01 --to 2026-11-30
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    engines: Engines,
    #[command(flatten)]
    numbering: NumberingFiles,
    /// Only charges of this account.
    #[arg(long)]
    account: Option<String>,
    /// First usage day, YYYY-MM-DD.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Last usage day, YYYY-MM-DD.
    #[arg(long)]
    to: Option<NaiveDate>,
    /// So many charges at most, taken from all over, the same ones each time; 0 = all.
    #[arg(long, default_value_t = 10_000)]
    sample: u64,
    /// Language of the reasons: en, ru.
    #[arg(long, default_value = "en")]
    language: String,
    /// One JSON object instead of words.
    #[arg(long)]
    json: bool,
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    let Ok(language) = options.language.parse::<Language>() else {
        bail!("--language `{}` is not one of en, ru", options.language)
    };
    options.numbering.choose()?;
    if let (Some(from), Some(to)) = (options.from, options.to)
        && to < from
    {
        bail!("--to {to} lies before --from {from}")
    }
    let store = options.engines.store(4)?;
    let clickhouse = options.engines.clickhouse();
    let mut scope = Scope {
        account: None,
        from: options.from,
        to: options.to,
        sample: (options.sample > 0).then_some(options.sample),
    };
    if let Some(code) = &options.account {
        let Some(account) = billing::accounts::by_code(&store, code, Utc::now()).await? else {
            bail!("there is no account `{code}`")
        };
        scope.account = Some(account.id as u64);
    }
    let started = Instant::now();
    let charges = read(&clickhouse, &scope).await?;
    if charges.is_empty() {
        bail!("there is no charge in this scope; widen --from, --to or --account")
    }
    let bar = super::progress_bar(charges.len() as u64, "charges priced again");
    let outcome = replay_all(&store, charges, &operator_dir::world_plan(), |more| bar.inc(more)).await?;
    bar.finish_and_clear();
    print(&outcome, started.elapsed().as_secs_f64(), language, options.json);
    Ok(ExitCode::from(u8::from(!outcome.differing.is_empty())))
}

#[expect(clippy::print_stdout, reason = "the result is what the command is for")]
fn print(outcome: &Outcome, seconds: f64, language: Language, as_json: bool) {
    let Outcome { charges, catalogues, differing } = outcome;
    if as_json {
        let shown: Vec<_> = differing
            .iter()
            .take(SHOWN)
            .map(|(charge, replayed)| {
                json!({"identity": charge.identity, "version": charge.version, "refusal": replayed.price.as_ref().err(),
                       "differences": replayed.differences, "reason": replayed.reason()})
            })
            .collect();
        let figures = json!({"charges": charges, "agree": charges - differing.len(), "differ": differing.len(), "catalogues": catalogues,
                             "seconds": format!("{seconds:.2}"), "differing": shown});
        println!("{figures}");
        return;
    }
    println!("{charges} charges priced again in {seconds:.2} s, by {catalogues} state(s) of the catalogue");
    println!("  {:>10} agree to the nano-unit", charges - differing.len());
    println!("  {:>10} differ", differing.len());
    for (charge, replayed) in differing.iter().take(SHOWN) {
        println!("  {}", line(charge, replayed, language));
    }
    if differing.len() > SHOWN {
        println!("  .. and {} more", differing.len() - SHOWN);
    }
}

fn line(charge: &StoredCharge, replayed: &Replayed, language: Language) -> String {
    let refusal = replayed.price.as_ref().err().map(|code| format!("cannot be rated: {code}"));
    let differences =
        replayed.differences.iter().map(|other| format!("{} {} -> {}", other.figure, other.stored, other.found));
    let parts: Vec<_> = refusal.into_iter().chain(differences).collect();
    let reason = replayed.reason().map_or("", |reason| reason.text(language));
    format!("{} {} version {}: {} ({reason})", charge.identity, charge.service, charge.version, parts.join(", "))
}
