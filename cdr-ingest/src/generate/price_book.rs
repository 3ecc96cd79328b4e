//! What a minute to any prefix of the world costs: a deterministic price by country and kind.
//!
//! **Owns:** the retail price of a destination in roubles, its cost at a provider, and the destinations file as rows.
//! **Does not own:** the files of lists and rates (`price_lists`). **Always:** the price depends on the row alone, never on the order of
//! drawing, so one list can be made without the others. Amounts are ten-thousandths of a rouble a minute.

use super::error::GenerateError;
use super::rng::fnv1a;

/// One row of the destinations file.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// E.164 digits.
    pub(super) prefix: String,
    /// ISO 3166 alpha-2, or `NANP`.
    pub(super) country: String,
    /// `fixed`, `mobile`, `tollfree`, `premium` or `any`.
    pub(super) kind: String,
}

/// Reads the text of `destinations.csv`.
///
/// # Errors
///
/// When a row is no CSV or has fewer than three fields.
pub(super) fn destinations(text: &str) -> Result<Vec<Destination>, GenerateError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let bad = |what: String| GenerateError::data("destinations.csv", index as u64 + 2, what);
        let record = record.map_err(|error| bad(error.to_string()))?;
        let field = |column: usize| {
            record.get(column).map(str::to_owned).ok_or_else(|| bad(format!("no column {}", column + 1)))
        };
        rows.push(Destination { prefix: field(0)?, country: field(1)?, kind: field(2)? });
    }
    Ok(rows)
}

/// Neighbours that a Russian operator reaches at its own tariff zone.
const NEIGHBOURS: &[&str] = &["BY", "UA", "AM", "GE", "AZ", "MD", "KG", "TJ", "TM", "UZ", "MN"];
const EUROPE: &[&str] = &[
    "DE", "FR", "GB", "IT", "ES", "PT", "NL", "BE", "LU", "CH", "AT", "DK", "SE", "NO", "FI", "IE", "PL", "CZ", "SK",
    "HU", "RO", "BG", "GR", "RS", "HR", "SI", "BA", "MK", "ME", "AL", "EE", "LV", "LT", "CY", "MT", "IS", "LI", "XK",
    "AD", "MC", "SM", "GI",
];
const CHEAP_FAR: &[&str] =
    &["US", "NANP", "CN", "HK", "SG", "KR", "JP", "TW", "AU", "NZ", "IN", "TH", "IL", "TR", "BR", "MX", "AR", "VN"];
/// Islands and places where termination is dear.
const ISLANDS: &[&str] = &[
    "IO", "AC", "SH", "FK", "NR", "TO", "SB", "VU", "WF", "CK", "NU", "WS", "KI", "NC", "TV", "PF", "TK", "FM", "MH",
    "PW", "NF", "KM", "ST", "SC", "GL", "CU", "KP", "SO", "MV", "ER", "GW", "PG", "PM", "FO",
];

/// The retail price of a minute, in ten-thousandths of a rouble.
#[must_use]
pub(super) fn retail(row: &Destination) -> u64 {
    let mobile = row.kind == "mobile";
    let choose = |fixed: u64, to_mobile: u64| if mobile { to_mobile } else { fixed };
    let country = row.country.as_str();
    let base = match row.kind.as_str() {
        "tollfree" => return 0,
        "premium" => return 950_000,
        _ if country == "RU" => return russian(&row.prefix, mobile),
        _ if country == "KZ" => choose(95_000, 128_000),
        _ if NEIGHBOURS.contains(&country) => choose(145_000, 185_000),
        _ if EUROPE.contains(&country) => choose(62_000, 172_000),
        _ if CHEAP_FAR.contains(&country) => choose(48_000, 66_000),
        _ if ISLANDS.contains(&country) => choose(880_000, 1_120_000),
        _ => choose(210_000, 264_000),
    };
    // Up to 12 % more by place, in steps of a kopeck: neighbouring prefixes differ, as they do in real lists.
    let by_place = base * (fnv1a(row.prefix.as_bytes()) % 13) / 100;
    (base + by_place) / 100 * 100
}

fn russian(prefix: &str, mobile: bool) -> u64 {
    match prefix {
        "7" => 30_000,
        "79" => 22_000,
        "7495" | "7496" | "7498" | "7499" => 9_000,
        "7812" => 12_000,
        _ if mobile || prefix.starts_with("79") => 22_000 + fnv1a(prefix.as_bytes()) % 40 * 100,
        _ => 18_000 + fnv1a(prefix.as_bytes()) % 60 * 100,
    }
}

/// What a provider asks for a minute, in millionths of the list's currency.
///
/// `percent` is the provider's level against retail, `per_unit` how many roubles one unit of its currency is worth.
#[must_use]
pub(super) fn wholesale(row: &Destination, percent: u64, per_unit: u64) -> u64 {
    // A toll-free or very cheap number costs the provider's minimum all the same.
    let roubles = retail(row).max(2_000);
    let by_provider = percent + fnv1a(row.prefix.as_bytes()) / 64 % 7;
    roubles * 100 * by_provider / 100 / per_unit
}

/// Millionths as a decimal without needless zeros.
#[must_use]
pub(super) fn millionths(amount: u64) -> String {
    super::money::decimal(i128::from(amount) * 1_000)
}
