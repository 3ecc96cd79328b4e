//! `cdr-ingest plan`: a registry's ranges into a numbering plan.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use billing::numbering_plan;
use billing::price_lists::{SheetOptions, read_sheet};
use numbering::plan::csv_of;
use numbering::registry::{Defaults, NameFrom, Ranges};
use numbering::{Faults, Kind};
use rating::wording::Language;

/// Make a numbering plan of ranges, as registries publish them, over the plan that the program carries.
///
/// Each file is CSV (`,`, `;` or tabs; UTF-8, UTF-16 or windows-1251) or XLSX with a line of titles, in one of two forms:
///
///   code;from;to;capacity;operator;region       a registry's: АВС/DEF;От;До;Емкость;Оператор;Регион
///   from,to,country,kind,name_en,name_ru        both ends written in full
///
/// Ranges become the fewest prefixes that cover exactly them. Numbers inside a range lead where the range says; prefixes of the carried plan inside it are
/// gone; all other numbers lead where they led. Of two ranges one inside the other the narrower counts; an overlap, and the same range with two
/// destinations, are errors. Everything that is wrong with all files is told at once, by file, line and column, and nothing is written.
///
/// The result goes to every program by --numbering-plan. Single ported numbers do not belong into it: they go by --ported.
///
///   cdr-ingest plan --out plan.csv ABC-3xx.csv ABC-4xx.csv ABC-8xx.csv DEF-9xx.csv
///   cdr-ingest check --numbering-plan plan.csv --ported ported.csv --tariffs demo 79161234567 --plan second
#[derive(clap::Args)]
pub(super) struct Options {
    /// Files of ranges.
    #[arg(required = true)]
    ranges: Vec<PathBuf>,
    /// Plan that the ranges are laid over: CSV prefix,country,kind,name_en,name_ru; default: the world's, which the program carries.
    #[arg(long)]
    base: Option<PathBuf>,
    /// File to write; nothing: standard output.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Country of rows that name none.
    #[arg(long, default_value = "RU")]
    country: String,
    /// Calling code that stands before the code of a row.
    #[arg(long, default_value = "7")]
    calling_code: String,
    /// Digits of a number behind the calling code; zeros that a spreadsheet ate are put back up to them.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(2..=14))]
    national_digits: u8,
    /// Kind of rows that name none: any, fixed, mobile, tollfree, premium; default: by the Russian code (9xx mobile, 800 and 804 toll-free, 803 and 809
    /// premium, others fixed).
    #[arg(long)]
    kind: Option<String>,
    /// What a destination without a name of its own is called by: operator, region, both. Fewer names make fewer prefixes.
    #[arg(long, default_value = "both")]
    name: String,
}

impl Options {
    fn defaults(&self) -> anyhow::Result<Defaults> {
        let kind = self.kind.as_deref().map(|word| {
            word.parse::<Kind>()
                .map_err(|()| anyhow::anyhow!("--kind `{word}` is not one of any, fixed, mobile, tollfree, premium"))
        });
        let is_code = (1..=3).contains(&self.calling_code.len())
            && self.calling_code.bytes().all(|byte| byte.is_ascii_digit())
            && !self.calling_code.starts_with('0');
        if !is_code {
            bail!("--calling-code `{}` is not 1 to 3 digits, the first not 0", self.calling_code);
        }
        Ok(Defaults {
            country: self.country.clone(),
            calling_code: self.calling_code.clone(),
            national_digits: usize::from(self.national_digits),
            kind: kind.transpose()?,
            name: match &*self.name {
                "operator" => NameFrom::Operator,
                "region" => NameFrom::Region,
                "both" => NameFrom::Both,
                other => bail!("--name `{other}` is not one of operator, region, both"),
            },
        })
    }
}

pub(super) fn main(options: &Options) -> anyhow::Result<ExitCode> {
    let mut ranges = Ranges::new(options.defaults()?);
    let mut unreadable = Faults::default();
    for path in &options.ranges {
        let name = path.display().to_string();
        match std::fs::read(path) {
            Ok(bytes) => match read_sheet(&bytes, &SheetOptions::default()) {
                Ok(sheet) => {
                    let ignored = ranges.read(&name, sheet.rows.iter().map(|row| (row.number, &row.cells)));
                    if !ignored.is_empty() {
                        eprintln!("{name}: columns that are not read: {}", ignored.join(", "));
                    }
                }
                Err(error) => unreadable.add(&name, 0, "", error.text(Language::English)),
            },
            Err(error) => unreadable.add(&name, 0, "", format!("cannot be read: {error}")),
        }
    }
    // Whatever is wrong with the plan below is told beside what is wrong with the ranges.
    let base = numbering_plan::read(options.base.as_deref(), &[]);
    let merged = match base {
        Ok(base) => ranges.merge(&base),
        Err(numbering_plan::PlanError::Lines(faults)) => {
            unreadable.take(faults);
            ranges.check()
        }
        Err(other) => return Err(other.into()),
    };
    let merged = merged.map_err(|faults| unreadable.take(faults));
    let (0, Ok((rows, merged))) = (unreadable.count, merged) else { return Err(unreadable.into()) };
    let text = csv_of(&rows);
    match &options.out {
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
        None => std::io::stdout().lock().write_all(text.as_bytes())?,
    }
    eprintln!(
        "{} ranges became {} prefixes; {} prefixes of the plan below lay inside them; the plan has {} prefixes",
        merged.rows,
        merged.prefixes,
        merged.replaced,
        rows.len()
    );
    Ok(ExitCode::SUCCESS)
}
