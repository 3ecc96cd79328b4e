//! `cdr-ingest check`: what a call would cost, and why, against a directory of CSV files.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use numbering::{Digits, parse_mask};
use rating::check::{self, Answer, Asked, PriceRequest, Query};
use rating::explanation::{Explanation, Spoken};
use rating::rows::ProviderId;
use rating::wording::Language;
use rating::{Service, Snapshot, Usage};
use serde::Serialize;

use super::NumberingFiles;
use crate::operator_dir;

/// Tariff check and lock check against a directory of CSV files: is a call priced, what would it cost, and why.
///
/// Says in words, or with --json as data, the verdict, the locks that match, the price line of each side for every provider, and with --seconds each step of
/// the price of an answered call. Where a price is missing it names the department that has to supply it. Exit status 2: no
/// retail price, no exchange rate, or a lock.
///
///   cdr-ingest check --tariffs demo 381114112060 --account A0000001 --seconds 75
///   cdr-ingest check --tariffs demo --prefix 381 --plan second --language ru
#[derive(clap::Args)]
pub(super) struct Options {
    /// Directory with plans.csv, lists.csv, rates.csv, accounts.csv, locks.csv.
    #[arg(long)]
    tariffs: PathBuf,
    #[command(flatten)]
    numbering: NumberingFiles,
    /// The number that is dialled: international, with or without `+`, or a short code.
    #[arg(required_unless_present = "prefix")]
    number: Option<String>,
    /// Check all numbers that begin so, instead of one number.
    #[arg(long, conflicts_with = "number")]
    prefix: Option<String>,
    /// Account that calls.
    #[arg(long, required_unless_present = "plan")]
    account: Option<String>,
    /// Plan; without it the account's of that moment.
    #[arg(long)]
    plan: Option<String>,
    /// Rated service: outgoing, incoming, tollfree, forwarded, internal, message, data, `CALLS_REC`, `CALLS_REC_UNLIM`.
    #[arg(long, default_value = "outgoing")]
    service: String,
    /// Incoming service; nothing: all.
    #[arg(long)]
    incoming_service: Option<String>,
    /// Place of service.
    #[arg(long)]
    place: Option<String>,
    /// Provider; nothing: all.
    #[arg(long)]
    provider: Option<String>,
    /// Calling number, or the beginning of it.
    #[arg(long)]
    origin: Option<String>,
    /// The moment of the answer, for example 2026-11-01T10:00:00+03:00; default: now.
    #[arg(long)]
    at: Option<DateTime<Utc>>,
    /// Explain the price of an answered call of so many seconds (0: of an attempt), or of an event of so many pieces.
    #[arg(long)]
    seconds: Option<u32>,
    /// Language of the words: en, ru.
    #[arg(long, default_value = "en")]
    language: String,
    /// One JSON object instead of words.
    #[arg(long)]
    json: bool,
}

/// The answer as data.
#[derive(Serialize)]
struct Printed<'a> {
    asked: &'a Asked,
    #[serde(flatten)]
    answer: &'a Answer,
    request: Option<PriceRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Spoken<'a>>,
}

#[expect(clippy::print_stdout, reason = "the answer is what the command is for")]
pub(super) fn main(options: &Options) -> anyhow::Result<ExitCode> {
    let Ok(language) = options.language.parse::<Language>() else {
        bail!("--language `{}` is not one of en, ru", options.language)
    };
    options.numbering.choose()?;
    let snapshot = operator_dir::read(&options.tariffs)?.snapshot(operator_dir::world_plan())?;
    let query = query(options, &snapshot)?;
    let asked = Asked {
        number: format!("{:?}", query.number),
        is_prefix: query.is_prefix,
        account: options.account.clone(),
        plan: options.plan.clone(),
        service: query.service.to_string(),
        incoming_service: options.incoming_service.clone(),
        place: options.place.clone(),
        provider: options.provider.clone(),
        at: DateTime::from_timestamp_millis(query.at_ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true),
    };
    let answer = check::tariff(&snapshot, &query);
    let explanation = options.seconds.map(|seconds| explain(&snapshot, &query, seconds));
    if options.json {
        let request = answer.request(&asked);
        let explanation = explanation.as_ref().map(|explained| explained.spoken(language));
        let printed = Printed { asked: &asked, answer: &answer, request, explanation };
        println!("{}", serde_json::to_string_pretty(&printed)?);
    } else {
        println!("{}", asked.number);
        for line in answer.text(language) {
            println!("  {line}");
        }
        if let Some(explanation) = explanation {
            println!("{} s: {}", options.seconds.unwrap_or_default(), explanation.result());
            for line in &explanation.lines {
                println!("  {}", line.text(language));
            }
        }
    }
    let bars = !answer.locks.is_empty()
        || matches!(answer.verdict, check::Verdict::NoRetailPrice | check::Verdict::NoExchangeRate);
    Ok(ExitCode::from(if bars { 2 } else { 0 }))
}

/// An option that is there and not empty.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

fn query<'a>(options: &Options, snapshot: &'a Snapshot) -> anyhow::Result<Query<'a>> {
    let prefix = |option: &str, text: &str| -> anyhow::Result<Digits> {
        parse_mask(text.trim_start_matches('+'))
            .with_context(|| format!("{option} `{text}` is not a prefix of 1 to 15 digits that does not begin with 0"))
    };
    let number = match (&options.number, &options.prefix) {
        (Some(number), _) => snapshot
            .default_rules()
            .normalise(number)
            .with_context(|| {
                format!("`{number}` is no number; give it with its country code, or a short code of the operator")
            })?
            .digits(),
        (None, Some(text)) => prefix("--prefix", text)?,
        (None, None) => bail!("give a number, or --prefix"),
    };
    let account = options.account.as_deref().map(|code| {
        snapshot.account_by_code(code).with_context(|| format!("there is no account `{code}` in accounts.csv"))
    });
    let plan = options
        .plan
        .as_deref()
        .map(|code| snapshot.plan_by_code(code).with_context(|| format!("there is no plan `{code}` in plans.csv")));
    let provider = options.provider.as_deref().map(|code| -> anyhow::Result<ProviderId> {
        let found = snapshot.providers().iter().find(|provider| &*provider.code == code);
        Ok(found.with_context(|| format!("there is no provider `{code}` in providers.csv"))?.id)
    });
    let symbol = |option: &str, word: Option<&str>| {
        let found = word.map(|word| {
            snapshot
                .find_symbol(word)
                .with_context(|| format!("{option} `{word}` stands in no rate and with no number"))
        });
        found.transpose()
    };
    let Ok(service) = options.service.parse::<Service>() else {
        bail!(
            "--service `{}` is not one of outgoing, incoming, tollfree, forwarded, internal, message, data, CALLS_REC, CALLS_REC_UNLIM",
            options.service
        )
    };
    Ok(Query {
        number,
        is_prefix: options.prefix.is_some(),
        account: account.transpose()?,
        plan: plan.transpose()?,
        service,
        incoming_service: symbol("--incoming-service", given(options.incoming_service.as_deref()))?,
        place: symbol("--place", given(options.place.as_deref()))?,
        provider: provider.transpose()?,
        origin: options.origin.as_deref().map(|text| prefix("--origin", text)).transpose()?.unwrap_or_default(),
        at_ms: options.at.unwrap_or_else(Utc::now).timestamp_millis(),
    })
}

fn explain(snapshot: &Snapshot, query: &Query<'_>, seconds: u32) -> Explanation {
    let units = u64::from(seconds);
    let usage = match query.service.is_call() {
        true if units > 0 => Usage::call(units * 1000),
        true => Usage::ATTEMPT,
        false => Usage::event(units),
    };
    check::explain(snapshot, query, usage, &())
}
