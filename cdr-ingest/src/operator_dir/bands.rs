//! `holidays.csv` and `bands.csv`.

use std::collections::HashMap;
use std::sync::Arc;

use billing::operator::{BandDetails, Holiday};
use chrono::NaiveDate;
use rating::calendar::{Band, Dates, Days, days_of, parse_hours};
use rating::rows::ListId;

use super::Reading;
use super::table::{RowReader, read_table};

pub(super) fn read_holidays(reading: &mut Reading<'_>) {
    let columns = [("calendar", true), ("date", true), ("name", false)];
    let mut calendars: HashMap<String, Vec<i32>> = HashMap::new();
    read_table(reading, "holidays.csv", false, &columns, |reading, row| {
        let calendar = row.required("calendar");
        let Some(day) = row.must_parse::<NaiveDate>("date", "a day of the form 2026-01-01") else { return };
        let days = calendars.entry(calendar.clone()).or_default();
        if days.contains(&days_of(day)) {
            return row.problem("date", format!("the holiday {day} of calendar `{calendar}` stands twice"));
        }
        days.push(days_of(day));
        let name = row.text("name").unwrap_or_default().to_owned();
        reading.operator.holidays.push(Holiday { calendar, day, name });
    });
    for (calendar, mut days) in calendars {
        days.sort_unstable();
        reading.names.holidays.insert(calendar, days.into());
    }
}

pub(super) fn read_bands(reading: &mut Reading<'_>) {
    let columns = [
        ("list", true),
        ("band", true),
        ("priority", true),
        ("days", false),
        ("hours", false),
        ("dates", false),
        ("from", false),
        ("to", false),
    ];
    read_table(reading, "bands.csv", false, &columns, |reading, row| {
        let list = row.must_refer("list", "lists.csv", &reading.names.lists);
        let name = row.required("band");
        if name.contains([' ', ';', '=', '>']) {
            row.problem("band", "the name of a band has none of blank, semicolon, `=` and `>`");
        }
        let priority = row.must_read("priority", "a whole number of 1 to 9999, the highest counts", |text| {
            text.parse::<u16>().ok().filter(|priority| (1..=9999).contains(priority))
        });
        let days = row.read("days", "days of the form mon-fri, sat, holiday, separated by blanks", Days::parse);
        let hours = row.read(
            "hours",
            "hours of the form 08:00-20:00, separated by blanks, each within one day (22:00-24:00 00:00-06:00)",
            parse_hours,
        );
        let dates = row.read(
            "dates",
            "dates of the form 2026-12-31, 2026-12-31..2027-01-08 or 12-31..01-08 (every year), separated by blanks",
            Dates::parse_all,
        );
        let names_holiday =
            row.text("days").is_some_and(|days| days.split_ascii_whitespace().any(|day| day == "holiday"));
        if names_holiday && list.is_some_and(|list| !reading.names.list_holidays.contains_key(&list)) {
            row.problem("days", "`holiday` needs the column holidays of the list in lists.csv, else no day is one");
        }
        let validity = row.validity();
        let own = |row: &RowReader<'_>, column| row.text(column).unwrap_or_default().to_owned();
        let details = BandDetails { days: own(row, "days"), hours: own(row, "hours"), dates: own(row, "dates") };
        let (Some(list), Some(priority)) = (list, priority) else { return };
        let index = reading.operator.rows.bands.len() as u32;
        reading.names.bands.entry((list, name.clone())).or_default().push(index);
        reading.operator.rows.bands.push(Band {
            list,
            name: name.into(),
            priority,
            days: days.unwrap_or(Days::ALL),
            hours: hours.unwrap_or_default().into(),
            dates: dates.unwrap_or_default().into(),
            holidays: reading.names.list_holidays.get(&list).cloned().unwrap_or_else(|| Arc::from([])),
            validity,
        });
        reading.operator.bands.push(details);
        reading.came_from("bands.csv", row.line);
    });
}

/// A list's holidays by the name of its calendar.
pub(super) fn follow_calendar(reading: &mut Reading<'_>, row: &mut RowReader<'_>, list: ListId) -> Option<String> {
    let calendar = row.text("holidays")?.to_owned();
    match reading.names.holidays.get(&calendar) {
        Some(days) => {
            reading.names.list_holidays.insert(list, Arc::clone(days));
        }
        None => row.problem("holidays", format!("`{calendar}` is no calendar in holidays.csv; add it there")),
    }
    Some(calendar)
}
