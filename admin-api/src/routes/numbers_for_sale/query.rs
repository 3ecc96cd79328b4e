//! What a search for sale says.
//!
//! Owns: its words, what is a mask and what a number, the cursor.
//! Does not own: masks as such (`numbering`), the search.
//! Always: what cannot be understood is a problem that points at the field and, in a mask, at the place; a pool without an availability is refused (M17).

use std::str::FromStr;

use billing::numbers::Offer;
use billing::numbers::shelf::{After, Shelf, Shelved, Wanted};
use billing::settings::Settings;
use numbering::{E164, MaskFault, NumberMask};
use rating::rows::DidStatus;
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::grids::WantedFile;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::paging::{hex, strange_cursor, unhex};
use crate::problem::{Code, Problem};
use crate::routes::number_classes::mask_in_russian;
use crate::routes::numbers::not_ours;

/// Digits of a text that can be meant as a whole number, although it is none of ours; fewer are the end of a number.
const WHOLE_DIGITS: usize = 11;
/// The word for all availabilities by which everybody may buy.
const GREEN: &str = "green";

/// Which numbers.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SaleQuery {
    /// A number in any writing, or a mask: `%555%` anywhere, `555` or `AABB` at the end, `7495%` at the beginning; `?` is any digit, equal letters are equal
    /// digits and different letters different ones.
    #[param(example = "%555%")]
    number: Option<String>,
    /// Availability for sale, several with commas between them; obligatory without an exact number. `green` (all that everybody may buy, and for `client` what
    /// was forced for him), `no_calls`, `ignore`, `forced`, `forced_for_one`, `no_data`, `insufficient_data`, `has_calls`, `rests`, `no`.
    #[param(example = "green")]
    offer: Option<String>,
    /// States, several with commas: `free` (the default of a pool), `reserved`, `in_work`, `archive`, `withdrawn`.
    #[param(example = "free")]
    status: Option<String>,
    /// Codes of regions, several with commas.
    #[param(example = "moscow")]
    region: Option<String>,
    /// Codes of classes of beauty, several with commas.
    #[param(example = "gold,silver")]
    class: Option<String>,
    /// Codes of providers, several with commas.
    #[param(example = "mtt")]
    provider: Option<String>,
    /// Places of service, several with commas.
    #[param(example = "agent")]
    place: Option<String>,
    /// `true`: mobile numbers only; `false`: no mobile numbers.
    #[param(example = "false")]
    mobile: Option<String>,
    /// Price from.
    #[param(example = "0")]
    price_from: Option<String>,
    /// Price up to.
    #[param(example = "5000")]
    price_to: Option<String>,
    /// Code of the client for whom they are: what was forced for another one is left out.
    #[param(example = "C-000017")]
    client: Option<String>,
    /// `number` (default) or `price`, the cheapest first.
    #[param(example = "number")]
    sort: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows: 100 by default, 5000 at most.
    #[param(example = "100")]
    pub(super) limit: Option<String>,
    /// Of the export: `xlsx` (default) or `csv`.
    #[param(example = "xlsx")]
    format: Option<String>,
}

impl SaleQuery {
    /// The file that is asked for.
    pub(super) fn file(&self) -> Result<WantedFile, Problem> {
        let format = given(self.format.as_deref()).unwrap_or("xlsx");
        let expected = Text::fixed("Ожидается csv или xlsx", "csv or xlsx is expected");
        WantedFile::of(Some(format), self.limit.as_deref())?.ok_or_else(|| Problem::field("/format", expected))
    }

    /// A file has an address of its own.
    pub(super) fn is_no_file(&self) -> Result<(), Problem> {
        match given(self.format.as_deref()) {
            None | Some("json") => Ok(()),
            Some(_) => Err(Problem::field(
                "/format",
                Text::fixed(
                    "Файл берут по адресу /v1/numbers-for-sale/export",
                    "The file is at /v1/numbers-for-sale/export",
                ),
            )),
        }
    }

    /// What is searched for.
    pub(super) fn wanted(&self, numbers: &Shelf, limit: usize, settings: &Settings) -> Result<Wanted, Problem> {
        let (number, mask) = match given(self.number.as_deref()) {
            Some(text) => number_or_mask(text, numbers, settings)?,
            None => (None, None),
        };
        let client = given(self.client.as_deref()).map(|code| inputs::word("/client", code)).transpose()?;
        let offers = offers(self.offer.as_deref(), client.is_some())?;
        if number.is_none() && offers.is_empty() {
            let detail = Text::fixed(
                "Подбор номеров без доступности запрещён: укажите offer=green или нужные значения; один номер ищется и без неё",
                "A pool is not searched without an availability: say offer=green or the values; one number is searched without",
            );
            return Err(Problem::new(Code::AvailabilityFilterRequired).at("/offer", detail));
        }
        let mut statuses = statuses(self.status.as_deref())?;
        if statuses.is_empty() && number.is_none() {
            statuses.push(DidStatus::Free);
        }
        let amount = |pointer, text: &Option<String>| {
            given(text.as_deref()).map(|text| inputs::amount(pointer, text)).transpose()
        };
        let by_price =
            inputs::one_of::<Order>("/sort", given(self.sort.as_deref()).unwrap_or("number"), ORDERS.into_iter())?;
        let by_price = by_price == Order::Price;
        Ok(Wanted {
            number,
            mask,
            statuses,
            offers,
            client: client.map(str::to_owned),
            regions: words("/region", self.region.as_deref())?,
            classes: words("/class", self.class.as_deref())?,
            providers: words("/provider", self.provider.as_deref())?,
            places: words("/place", self.place.as_deref())?,
            is_mobile: given(self.mobile.as_deref()).map(|text| inputs::flag("/mobile", text)).transpose()?,
            price_from: amount("/price_from", &self.price_from)?,
            price_to: amount("/price_to", &self.price_to)?,
            by_price,
            after: given(self.cursor.as_deref()).map(|text| after(text, by_price)).transpose()?,
            limit,
        })
    }
}

const ORDERS: [&str; 2] = ["number", "price"];

/// In which order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Number,
    Price,
}

impl FromStr for Order {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "number" => Ok(Self::Number),
            "price" => Ok(Self::Price),
            _ => Err(()),
        }
    }
}

/// Words with commas between them.
fn split(text: Option<&str>) -> impl Iterator<Item = &str> {
    given(text).into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|word| !word.is_empty())
}

fn words(pointer: &str, text: Option<&str>) -> Result<Vec<String>, Problem> {
    split(text).map(|word| inputs::word(pointer, word).map(str::to_owned)).collect()
}

fn statuses(text: Option<&str>) -> Result<Vec<DidStatus>, Problem> {
    let known = || DidStatus::ALL.iter().map(|status| status.as_str());
    split(text).map(|word| inputs::one_of("/status", word, known())).collect()
}

/// Availabilities. `green` for a client has what was forced for him, too.
fn offers(text: Option<&str>, is_for_client: bool) -> Result<Vec<Offer>, Problem> {
    let known = || Offer::NAMES.iter().copied().chain([GREEN]);
    let mut offers: Vec<Offer> = Vec::new();
    for word in split(text) {
        if word == GREEN {
            offers.extend(Offer::GREEN);
            offers.extend(is_for_client.then_some(Offer::ForcedForOne));
        } else {
            offers.push(inputs::one_of("/offer", word, known())?);
        }
    }
    Ok(offers)
}

/// A number that is meant whole, or a mask. Digits alone are a number where it is one of ours or as long as one; else the end of numbers.
fn number_or_mask(
    text: &str,
    shelf: &Shelf,
    settings: &Settings,
) -> Result<(Option<E164>, Option<NumberMask>), Problem> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if text.chars().all(|sign| sign.is_ascii_digit() || " +-()".contains(sign)) {
        let number = inputs::party::phone("/number", text, settings).ok().map(|(_, number)| number);
        if let Some(number) = number {
            if shelf.has(number) {
                return Ok((Some(number), None));
            }
            if digits >= WHOLE_DIGITS {
                return Err(not_ours(number));
            }
        }
    }
    NumberMask::parse(text).map(|mask| (None, Some(mask))).map_err(unfit_mask)
}

fn unfit_mask(fault: MaskFault) -> Problem {
    Problem::field("/number", Text::new(mask_in_russian(fault), fault.to_string()))
}

/// The cursor behind a number.
pub(super) fn cursor(last: &Shelved, by_price: bool) -> String {
    let price = last.price.as_ref().filter(|_| by_price).map(|(price, _)| price.normalize().to_string());
    hex(&format!("{}:{}:{}", if by_price { 'p' } else { 'n' }, last.number, price.unwrap_or_default()))
}

fn after(cursor: &str, by_price: bool) -> Result<After, Problem> {
    let read = |text: String| {
        let mut parts = text.strip_prefix(if by_price { "p:" } else { "n:" })?.split(':');
        let number = E164::parse(parts.next()?)?;
        let price = match parts.next()? {
            "" => None,
            price => Some(Decimal::from_str_exact(price).ok()?),
        };
        parts.next().is_none().then_some(After { number, price })
    };
    unhex(cursor).and_then(read).ok_or_else(strange_cursor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn availabilities() {
        let names = |text, is_for_client| {
            let offers: Result<Vec<Offer>, Problem> = offers(Some(text), is_for_client);
            offers.ok().map(|offers| offers.into_iter().map(Offer::as_str).collect::<Vec<_>>().join(" "))
        };
        for (text, is_for_client, expected) in [
            ("green", false, Some("no_calls ignore forced")),
            ("green", true, Some("no_calls ignore forced forced_for_one")),
            ("has_calls, no_data", false, Some("has_calls no_data")),
            (" ", false, Some("")),
            ("red", false, None),
        ] {
            assert_eq!(names(text, is_for_client).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn cursors_come_back() {
        for (by_price, text, price) in [
            (false, "n:74955550001:", None),
            (true, "p:74955550001:1500.5", Some("1500.5")),
            (true, "p:74955550001:", None),
        ] {
            let after = after(&hex(text), by_price).unwrap();
            assert_eq!(after.number.to_string(), "74955550001");
            assert_eq!(after.price.map(|price| price.to_string()).as_deref(), price, "{text}");
        }
        for (by_price, text) in
            [(true, "n:74955550001:"), (false, "n:112:"), (false, "n:74955550001"), (true, "p:74955550001:x")]
        {
            assert!(after(&hex(text), by_price).is_err(), "{text}");
        }
        assert!(after("zz", false).is_err());
    }

    #[test]
    fn a_mask_that_is_none_is_told_with_its_place() {
        let problem = unfit_mask(NumberMask::parse("%5#5%").unwrap_err());
        let body = serde_json::to_value(problem.body(Language::Russian, "r")).unwrap();
        assert_eq!(body["errors"][0]["pointer"], "/number");
        assert!(body["errors"][0]["detail"].as_str().unwrap().contains("`#` на месте 3"), "{body}");
    }
}
