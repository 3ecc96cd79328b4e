//! `cdr-ingest rate`: a file of records against a directory of CSV files.

mod printed;

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use billing::long_calls::{Books, LongCall};
use chrono::{DateTime, Utc};
use rating::explain::Line;
use rating::explanation::Explanation;
use rating::leg::Side;
use rating::rows::SourceRow;
use rating::snapshot::Plan;
use rating::story::{self, Subject};
use rating::wording::Language;
use rating::{Money, Outcome, Snapshot, SuspenseCode};

use self::printed::{Lines, Printed, Summary, Wholesale, bare, print_summary};
use super::NumberingFiles;
use crate::admit::{Admission, AdmittedLeg, Party, admit};
use crate::charge::{Periods, identity, identity_of_call};
use crate::clickhouse::row::{CallRow, Place};
use crate::counters::Standings;
use crate::decode::{DecodedCdr, Direction, Sources, decode, without_mark};
use crate::long_calls::{WithoutIt, change, of_part, whole};
use crate::normalise::{NormalisedCdr, Rejected, normalise};
use crate::rate::{RatedLeg, rate};
use crate::stages::fallback_source;
use crate::{operator_dir, text};

/// Rate a file of records against a directory of CSV files; no server needed.
///
/// Prints one JSON object a leg: cdr_id, leg, outcome (rated, non_target, suspended, duplicate), code, amount, currency, billed_s, destination,
/// prefix, list, and the lines that explain the price; a record that cannot be decoded has no cdr_id but its input_line. A summary goes to standard error. The files and the record formats are described in
/// cdr-ingest/FORMATS.md.
///
///   cdr-ingest rate --tariffs demo calls.txt
///   zcat calls.gz | cdr-ingest rate --tariffs demo --no-lines > charges.ndjson
#[derive(clap::Args)]
pub(super) struct Options {
    /// Directory with plans.csv, lists.csv, rates.csv, accounts.csv, locks.csv.
    #[arg(long)]
    tariffs: PathBuf,
    #[command(flatten)]
    numbering: NumberingFiles,
    /// Plan for records that name no account.
    #[arg(long)]
    plan: Option<String>,
    /// Source of records that name none.
    #[arg(long)]
    source: Option<String>,
    /// Words instead of data: each leg as a support agent reads it to the customer.
    #[arg(long, conflicts_with = "no_lines")]
    text: bool,
    /// Language of the words: en, ru. Given without --text, every line carries its sentence.
    #[arg(long)]
    language: Option<String>,
    /// Leave the explanation lines out.
    #[arg(long)]
    no_lines: bool,
    /// The moment by which records are too old or in the future; default: now.
    #[arg(long)]
    now: Option<DateTime<Utc>>,
    /// File of records, one a line; `-` or nothing: standard input.
    input: Option<PathBuf>,
}

/// What is known of a call, whose parts before this record were rated.
struct Known(LongCall);

impl Known {
    fn whole(&self, call: &NormalisedCdr, cdr: &DecodedCdr<'_>, source: &SourceRow) -> NormalisedCdr {
        whole(&self.0.so_far, call, cdr.service, source)
    }

    /// What they cost.
    fn charged(&self) -> Option<Money> {
        match self.0.so_far.charged.as_ref()?.books {
            Books::Usage { gross, .. } => Money::from_nanos(gross).ok(),
            Books::NonTarget { .. } | Books::Nothing => None,
        }
    }
}

struct Rater<'a> {
    snapshot: &'a Snapshot,
    sources: Sources<'a>,
    plan: Option<&'a Plan>,
    header: Option<&'a str>,
    lines: bool,
    text: bool,
    language: Option<Language>,
    now_ms: i64,
    seen: HashSet<[u8; 16]>,
    standings: Standings<'static>,
    /// Number of the line that is being rated, from 1.
    input_line: u64,
    summary: Summary,
}

pub(super) fn main(options: &Options) -> anyhow::Result<ExitCode> {
    let language = options
        .language
        .as_deref()
        .map(|word| word.parse::<Language>().map_err(|()| anyhow::anyhow!("--language `{word}` is not one of en, ru")));
    let language = language.transpose()?;
    options.numbering.choose()?;
    let directory = operator_dir::read(&options.tariffs)?;
    let snapshot = directory.snapshot(operator_dir::world_plan())?;
    let plan = match &options.plan {
        Some(code) => {
            Some(snapshot.plan_by_code(code).ok_or_else(|| anyhow::anyhow!("there is no plan `{code}` in plans.csv"))?)
        }
        None => None,
    };
    if let Some(code) = &options.source
        && !snapshot.sources().is_empty()
        && !snapshot.sources().iter().any(|source| source.code == *code)
    {
        anyhow::bail!("--source `{code}` is not in sources.csv; add it there, or name one that is");
    }
    let fallback = fallback_source(&snapshot);
    let mut rater = Rater {
        snapshot: &snapshot,
        sources: Sources::new(snapshot.sources(), &fallback),
        plan,
        header: options.source.as_deref(),
        lines: !options.no_lines,
        text: options.text,
        language,
        now_ms: options.now.unwrap_or_else(Utc::now).timestamp_millis(),
        seen: HashSet::new(),
        standings: Standings::default(),
        input_line: 0,
        summary: Summary::default(),
    };
    let mut input = super::read_records(options.input.as_ref())?;
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    let mut record = Vec::new();
    let started = std::time::Instant::now();
    while super::next_record(&mut *input, &mut record)? {
        rater.input_line += 1;
        rater.record(&record, &mut out)?;
    }
    out.flush()?;
    print_summary(&rater.summary, rater.input_line, started.elapsed());
    Ok(ExitCode::SUCCESS)
}

impl Rater<'_> {
    fn record(&mut self, bytes: &[u8], out: &mut impl Write) -> anyhow::Result<()> {
        let (cdr, source) = match decode(bytes, self.header, &self.sources) {
            Ok(decoded) => decoded,
            Err(problem) => {
                let rejected = Rejected::new(SuspenseCode::Undecodable, "decode", problem.0);
                return self.print_suspended(None, 0, &rejected, &[], out);
            }
        };
        let code: &str = if source.code.is_empty() { cdr.source.as_deref().unwrap_or_default() } else { &source.code };
        let call = match normalise(&cdr, source, self.now_ms) {
            Ok(call) => call,
            Err(rejected) => {
                return if self.is_repeat(code, &cdr, cdr.leg, without_mark(bytes)) {
                    self.print_duplicate(&cdr, cdr.leg, out)
                } else {
                    self.print_suspended(Some(&cdr), cdr.leg, &rejected, &[], out)
                };
            }
        };
        let first = self.so_far(code, &cdr, cdr.leg, &call).whole(&call, &cdr, source);
        for (offset, admitted) in admit(self.snapshot, &cdr, &first, source).into_iter().flatten() {
            let leg = cdr.leg.wrapping_add(offset);
            if self.is_repeat(code, &cdr, leg, without_mark(bytes)) {
                self.print_duplicate(&cdr, leg, out)?;
                continue;
            }
            let mut lines = Vec::new();
            let known = self.so_far(code, &cdr, leg, &call);
            let call = known.whole(&call, &cdr, source);
            let rated = self.or_by_plan(&cdr, admitted).and_then(|admitted| {
                let plan = self.plan.filter(|_| has_no_account(&admitted));
                let counters = WithoutIt::new(&self.standings, &known.0.so_far);
                if self.lines {
                    rate(self.snapshot, &cdr, &call, admitted, plan, &counters, &mut lines)
                } else {
                    rate(self.snapshot, &cdr, &call, admitted, plan, &counters, &mut ())
                }
            });
            if let Ok(rated) = &rated {
                // Repeats were left out above.
                if cdr.is_part() {
                    self.go_on(&known.0, (code, &cdr, leg), &call, rated, without_mark(bytes));
                } else {
                    self.standings.move_on(rated.draws());
                }
            }
            let before = known.charged();
            if self.text {
                self.tell(&cdr, (&call, before), leg, &rated, lines, out)?;
                continue;
            }
            match rated {
                Ok(rated) => self.print_rated(&cdr, (&call, before), leg, &rated, &lines, out)?,
                Err(rejected) => self.print_suspended(Some(&cdr), leg, &rejected, &lines, out)?,
            }
        }
        Ok(())
    }

    /// What is known of the call that a record is a part of; nothing of a record that is the whole.
    fn so_far(&mut self, code: &str, cdr: &DecodedCdr<'_>, leg: u8, part: &NormalisedCdr) -> Known {
        let call = identity_of_call(code, cdr, leg);
        Known(if cdr.is_part() { of_part(self.standings.long_call(call), part) } else { LongCall::unknown(call) })
    }

    /// The call goes on from the whole so far.
    fn go_on(
        &mut self,
        known: &LongCall,
        (code, cdr, leg): (&str, &DecodedCdr<'_>, u8),
        call: &NormalisedCdr,
        rated: &RatedLeg,
        raw: &[u8],
    ) {
        let periods = Periods::default();
        let identity = identity(code, cdr, leg, raw);
        let mut row = CallRow {
            identity,
            place: Place::default(),
            source: code,
            import_id: 0,
            cdr,
            leg,
            sequence: cdr.sequence,
            revision: 0,
            sign: 1,
            call,
            rated,
            destination: None,
            snapshot: self.snapshot,
            period: periods.booking(rated.usage_day),
            late: false,
        };
        let change = change(known, &mut row, (identity, cdr.is_final), &periods);
        self.standings.count_part(identity, &known.so_far, rated.draws(), change);
    }

    /// A record that names no account and whose numbers are nobody's is priced by the plan of the command line, if there is one.
    fn or_by_plan(
        &self,
        cdr: &DecodedCdr<'_>,
        admitted: Result<AdmittedLeg, Rejected>,
    ) -> Result<AdmittedLeg, Rejected> {
        match admitted {
            Err(rejected)
                if matches!(rejected.code, SuspenseCode::UnknownSubscriber | SuspenseCode::BadNumber)
                    && cdr.account.is_none()
                    && self.plan.is_some() =>
            {
                Ok(AdmittedLeg {
                    leg_offset: 0,
                    service: cdr.service,
                    direction: cdr.direction,
                    admission: Admission::Rate { account: None, party: Party::Nobody },
                    provider: match cdr.direction {
                        Direction::Out => {
                            cdr.trunk_out.as_deref().and_then(|trunk| self.snapshot.provider_by_trunk(trunk))
                        }
                        Direction::In => {
                            cdr.trunk_in.as_deref().and_then(|trunk| self.snapshot.provider_by_trunk(trunk))
                        }
                    },
                    place: cdr.place.as_deref().map(|place| self.snapshot.symbol(place)),
                })
            }
            other => other,
        }
    }

    /// A leg in words.
    fn tell(
        &mut self,
        cdr: &DecodedCdr<'_>,
        (call, before): (&NormalisedCdr, Option<Money>),
        leg: u8,
        rated: &Result<RatedLeg, Rejected>,
        lines: Vec<Line>,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let outcome = match rated {
            Ok(rated) if rated.price.is_some() => Outcome::Rated,
            Ok(_) => Outcome::NonTarget,
            Err(_) => Outcome::Suspended,
        };
        *self.summary.outcomes.entry(outcome).or_default() += 1;
        let retail: Result<Side, SuspenseCode> = match rated {
            Ok(rated) => {
                if let Some(currency) = rated.currency {
                    self.add(currency, rated.retail().amount, before);
                }
                Ok(rated.retail())
            }
            Err(rejected) => {
                *self.summary.codes.entry(rejected.code).or_default() += 1;
                Err(rejected.code)
            }
        };
        let at = DateTime::from_timestamp_millis(call.at_ms()).unwrap_or_default().with_timezone(&self.snapshot.zone);
        let service = rated.as_ref().map_or(cdr.service, |rated| rated.leg.service);
        let subject = Subject { service, number: &call.dst.digits().to_string(), at, usage: call.usage };
        let explanation = Explanation::of(retail.as_ref().map_err(|code| *code), lines);
        let language = self.language();
        writeln!(out, "{} {leg}", text::clean(&cdr.cdr_id))?;
        for line in story::tell(&subject, &explanation, language) {
            writeln!(out, "  {line}")?;
        }
        if let Err(rejected) = rated {
            writeln!(out, "  {}", rejected.detail.spoken(language))?;
        }
        if let Some(before) = before {
            let said = match language {
                Language::Russian => "из этого начислено за предыдущие части звонка",
                Language::English => "of it charged for earlier parts of the call",
            };
            writeln!(out, "  {said}: {before}")?;
        }
        Ok(())
    }

    /// Adds what a leg costs to the summary, less what earlier parts of its call did.
    fn add(&mut self, currency: rating::Currency, amount: Money, before: Option<Money>) {
        let more = i128::from(amount.nanos()) - before.map_or(0, |before| i128::from(before.nanos()));
        *self.summary.totals.entry(currency.to_string()).or_default() += more;
    }

    /// The language of words.
    fn language(&self) -> Language {
        self.language.unwrap_or(Language::English)
    }

    fn is_repeat(&mut self, source: &str, cdr: &DecodedCdr<'_>, leg: u8, bytes: &[u8]) -> bool {
        !self.seen.insert(identity(source, cdr, leg, bytes))
    }

    fn print_rated(
        &mut self,
        cdr: &DecodedCdr<'_>,
        (call, before): (&NormalisedCdr, Option<Money>),
        leg: u8,
        rated: &RatedLeg,
        lines: &[Line],
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let snapshot = self.snapshot;
        let outcome = if rated.price.is_some() { Outcome::Rated } else { Outcome::NonTarget };
        let retail = rated.retail();
        let list = snapshot.list(retail.list);
        let plan = snapshot.numbering();
        let destination =
            call.dst.e164().and_then(|number| plan.destination(number)).map(|id| &*plan.describe(id).name_en);
        if let Some(currency) = rated.currency {
            self.add(currency, retail.amount, before);
        }
        let wholesale = rated.price.as_ref().and_then(|price| {
            let side = price.wholesale;
            let list = snapshot.list(side.list)?;
            Some(Wholesale {
                amount: amount(side.list_amount, list),
                currency: list.currency.to_string(),
                list: &list.code,
            })
        });
        let account = match rated.leg.admission {
            Admission::Rate { account: Some(account), .. } => Some(snapshot.account_code(account)),
            _ => None,
        };
        let printed = Printed {
            cdr_id: &text::clean(&cdr.cdr_id),
            leg,
            outcome,
            input_line: None,
            code: None,
            detail: None,
            account,
            service: Some(rated.leg.service),
            amount: rated
                .price
                .as_ref()
                .map(|_| list.map_or_else(|| retail.amount.to_string(), |list| amount(retail.amount, list))),
            part: cdr.is_part().then_some(cdr.sequence),
            charged_before: before.map(|before| before.to_string()),
            currency: rated.currency.map(|currency| currency.to_string()),
            billed_s: rated.price.as_ref().map(|_| retail.billed_s),
            destination,
            prefix: retail.prefix.map(|prefix| format!("{:?}", snapshot.prefixes().prefix(prefix))),
            list: list.map(|list| &*list.code),
            wholesale,
            lines: Lines::of(lines, self.language),
        };
        self.print(&printed, out)
    }

    fn print_suspended(
        &mut self,
        cdr: Option<&DecodedCdr<'_>>,
        leg: u8,
        rejected: &Rejected,
        lines: &[Line],
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        *self.summary.codes.entry(rejected.code).or_default() += 1;
        let printed = Printed {
            code: Some(rejected.code),
            detail: Some(rejected.detail.spoken(self.language())),
            input_line: cdr.is_none().then_some(self.input_line),
            lines: Lines::of(lines, self.language),
            ..bare(cdr, leg, Outcome::Suspended)
        };
        self.print(&Printed { cdr_id: &text::clean(printed.cdr_id), ..printed }, out)
    }

    fn print_duplicate(&mut self, cdr: &DecodedCdr<'_>, leg: u8, out: &mut impl Write) -> anyhow::Result<()> {
        let printed = bare(Some(cdr), leg, Outcome::Duplicate);
        self.print(&Printed { cdr_id: &text::clean(printed.cdr_id), ..printed }, out)
    }

    fn print(&mut self, printed: &Printed<'_>, out: &mut impl Write) -> anyhow::Result<()> {
        *self.summary.outcomes.entry(printed.outcome).or_default() += 1;
        if self.text {
            let is_russian = self.language() == Language::Russian;
            match printed.input_line {
                Some(line) => writeln!(out, "{} {line}", if is_russian { "строка" } else { "line" })?,
                None => writeln!(out, "{} {}", printed.cdr_id, printed.leg)?,
            }
            let repeat = if is_russian {
                "повтор записи: не начисляется"
            } else {
                "a repeat: nothing is charged"
            };
            match printed.code {
                Some(code) => writeln!(out, "  {code}: {}", printed.detail.unwrap_or_default())?,
                None => writeln!(out, "  {repeat}")?,
            }
            return Ok(());
        }
        serde_json::to_writer(&mut *out, printed)?;
        out.write_all(b"\n")?;
        Ok(())
    }
}

fn has_no_account(leg: &AdmittedLeg) -> bool {
    matches!(leg.admission, Admission::Rate { account: None, .. })
}

/// The amount with the decimals of its list.
fn amount(amount: Money, list: &rating::list::PriceList) -> String {
    amount.to_text(list.rounding.decimals)
}
