//! Time bands: other prices at some hours of some days, by the wall clock of the list.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;
use rating::calendar::{Band, CallClock, Dates, Days, ZoneOffsets, days_of, parse_hours};
use rating::list::Validity;
use rating::price::{Usage, price};
use rating::rate::{Variant, parse_tiers, parse_variants};
use rating::rows::ListId;
use rating::terms::Adjustments;
use rating::{Money, Rate, RateParts, Rounding};

/// name, priority, days, hours, dates
type Said<'a> = (&'a str, u16, &'a str, &'a str, &'a str);

fn bands(said: &[Said<'_>], holidays: &[&str]) -> Vec<Band> {
    let holidays: Arc<[i32]> = holidays.iter().map(|day| days_of(day.parse().unwrap())).collect();
    said.iter()
        .map(|(name, priority, days, hours, dates)| Band {
            list: ListId(1),
            name: (*name).into(),
            priority: *priority,
            days: Days::parse(days).unwrap(),
            hours: parse_hours(hours).unwrap().into(),
            dates: Dates::parse_all(dates).unwrap().into(),
            holidays: Arc::clone(&holidays),
            validity: Validity::ALWAYS,
        })
        .collect()
}

/// Amount and seconds charged of a call answered at `at`; the bands' prices as `name=tiers;name=tiers`.
fn cost(zone: Tz, bands: &[Band], parts: RateParts, in_bands: &str, at: &str, seconds: u64) -> (String, u64) {
    let index = |name: &str| bands.iter().position(|band| &*band.name == name).map(|index| index as u32);
    let parts = RateParts { variants: parse_variants(in_bands, index).unwrap(), ..parts };
    let offsets = ZoneOffsets::of(zone);
    let answered_ms = DateTime::parse_from_rfc3339(at).unwrap().timestamp_millis();
    let clock = CallClock { offsets: &offsets, bands, answered_ms };
    let usage = Usage::call(seconds * 1000);
    let priced =
        price(&Rate::new(parts).unwrap(), Rounding::DEFAULT, &clock, usage, &Adjustments::default(), &mut ()).unwrap();
    (priced.amount.to_string(), priced.billed_s)
}

fn tiers(text: &str) -> RateParts {
    RateParts { tiers: parse_tiers(text).unwrap(), ..RateParts::default() }
}

/// The published figure: 17:30 to 18:30, 1/s before 18:00 and 0.5/s after, connect fee 1.
#[test]
fn a_call_over_six_o_clock() {
    let evening = bands(&[("evening", 1, "", "18:00-24:00", "")], &[]);
    let call = |fee: &str| {
        let parts = RateParts { connect_fee: Money::parse(fee).unwrap(), ..tiers("0:1@1/1") };
        cost(chrono_tz::Europe::Moscow, &evening, parts, "evening=0:1@0.5/1", "2026-11-18T17:30:00+03:00", 3600).0
    };
    // 1800 x 1 + 1800 x 0.5
    assert_eq!(call("0"), "2700");
    assert_eq!(call("1"), "2701");
}

/// What the clock does | bands | answer | seconds | base, band | amount with its arithmetic
#[test]
fn boundaries() {
    let moscow = chrono_tz::Europe::Moscow;
    let berlin = chrono_tz::Europe::Berlin;
    let night: &[Said<'_>] = &[("night", 1, "", "22:00-24:00 00:00-06:00", "")];
    let weekend: &[Said<'_>] = &[("weekend", 1, "sat sun", "", "")];
    let new_year: &[Said<'_>] = &[("feast", 1, "", "", "12-31..01-08")];
    let holiday: &[Said<'_>] = &[("work", 1, "mon-fri", "09:00-18:00", ""), ("feast", 2, "holiday", "", "")];
    let small_hours: &[Said<'_>] = &[("small", 1, "", "02:00-03:00", "")];
    for (what, zone, said, at, seconds, base, in_bands, expected) in [
        // Friday to Saturday midnight: 30 min at 1/s, 30 min at 0.1/s.
        ("a day boundary", moscow, weekend, "2026-11-20T23:30:00+03:00", 3600, "0:1@1/1", "weekend=0:1@0.1/1", "1980"),
        // Sunday to Monday the other way: 10 s at 0.1, 10 s at 1.
        ("a week boundary", moscow, weekend, "2026-11-22T23:59:50+03:00", 20, "0:1@1/1", "weekend=0:1@0.1/1", "11"),
        // A band of two stretches does not notice midnight: 7200 s at 0.2.
        (
            "a night over midnight",
            moscow,
            night,
            "2026-11-20T23:00:00+03:00",
            7200,
            "0:1@1/1",
            "night=0:1@0.2/1",
            "1440",
        ),
        // 30 December 23:59 into the 31st: 60 x 1 + 60 x 2.
        ("into the feast", moscow, new_year, "2026-12-30T23:59:00+03:00", 120, "0:1@1/1", "feast=0:1@2/1", "180"),
        // 31 December into 1 January: all of it inside.
        ("a year boundary", moscow, new_year, "2026-12-31T23:59:00+03:00", 120, "0:1@1/1", "feast=0:1@2/1", "240"),
        // 8 January 23:59 out of it: 60 x 2 + 60 x 1.
        ("out of the feast", moscow, new_year, "2027-01-08T23:59:00+03:00", 120, "0:1@1/1", "feast=0:1@2/1", "180"),
        // 4 November 2026, a Wednesday, is a holiday: the higher priority counts, 60 x 3; the day after is work, 60 x 5.
        ("a holiday", moscow, holiday, "2026-11-04T12:00:00+03:00", 60, "0:1@1/1", "work=0:1@5/1;feast=0:1@3/1", "180"),
        (
            "no holiday",
            moscow,
            holiday,
            "2026-11-05T12:00:00+03:00",
            60,
            "0:1@1/1",
            "work=0:1@5/1;feast=0:1@3/1",
            "300",
        ),
        // A band that the rate does not price is none for it: the holiday's working hours are those of `work`.
        ("a band without a price", moscow, holiday, "2026-11-04T12:00:00+03:00", 60, "0:1@1/1", "work=0:1@5/1", "300"),
        // Berlin, 29 March 2026: after 01:59:59 comes 03:00:00, so an hour from 01:30 lasts to 03:30 and never sees 02:00-03:00: 3600 x 1.
        (
            "the hour that is skipped",
            berlin,
            small_hours,
            "2026-03-29T01:30:00+01:00",
            3600,
            "0:1@1/1",
            "small=0:1@9/1",
            "3600",
        ),
        // Berlin, 25 October 2026: 02:00-03:00 comes twice. From 01:30 three hours: 1800 x 1, 7200 x 9, 1800 x 1.
        (
            "the hour that comes twice",
            berlin,
            small_hours,
            "2026-10-25T01:30:00+02:00",
            10_800,
            "0:1@1/1",
            "small=0:1@9/1",
            "68400",
        ),
        // A band of half of that hour comes twice as well: 02:30-03:00 summer time, 02:30-03:00 winter time: 2 x 1800 x 9, the other 7200 x 1.
        (
            "half an hour that comes twice",
            berlin,
            &[("half", 1, "", "02:30-03:00", "")],
            "2026-10-25T01:30:00+02:00",
            10_800,
            "0:1@1/1",
            "half=0:1@9/1",
            "39600",
        ),
        // The minute begun at 17:59:30 is charged whole at the day's price; the next begins at 18:00:30 in the evening.
        (
            "an increment begun before the edge",
            moscow,
            &[("evening", 1, "", "18:00-24:00", "")],
            "2026-11-18T17:59:30+03:00",
            61,
            "0:60@1/60",
            "evening=0:60@0.5/60",
            "1.5",
        ),
        // An increment of an hour steps over a band of half an hour: 2 hours at 60 a hour.
        (
            "a band that is stepped over",
            moscow,
            &[("break", 1, "", "12:10-12:40", "")],
            "2026-11-18T12:00:00+03:00",
            3601,
            "0:3600@60/3600",
            "break=0:1@9/1",
            "120",
        ),
        // Tiers inside a band count from the second of the call: 30 x 1 + 30 x 0.5 by day, then second 60 on 60 x 0.25.
        (
            "tiers inside a band",
            moscow,
            &[("evening", 1, "", "18:00-24:00", "")],
            "2026-11-18T17:59:30+03:00",
            120,
            "0:1@1/1",
            "evening=0:1@0.5/1 60:1@0.25/1",
            "60",
        ),
    ] {
        let bands = bands(said, &["2026-11-04"]);
        assert_eq!(cost(zone, &bands, tiers(base), in_bands, at, seconds).0, expected, "{what}");
    }
}

/// A band knows only calls answered within its validity.
#[test]
fn bands_have_a_history() {
    let mut changed = bands(&[("old", 1, "", "18:00-24:00", ""), ("new", 1, "", "20:00-24:00", "")], &[]);
    let cut = DateTime::parse_from_rfc3339("2026-11-01T00:00:00+03:00").unwrap().timestamp_millis();
    changed[0].validity.to_ms = cut;
    changed[1].validity.from_ms = cut;
    for (at, expected) in [("2026-10-31T19:00:00+03:00", "30"), ("2026-11-01T19:00:00+03:00", "60")] {
        let in_bands = "old=0:1@0.5/1;new=0:1@0.5/1";
        assert_eq!(cost(chrono_tz::Europe::Moscow, &changed, tiers("0:1@1/1"), in_bands, at, 60).0, expected, "{at}");
    }
}

/// Stretches of one price are one line, whatever edges lie between.
#[test]
fn the_lines_name_the_bands() {
    let night = bands(&[("night", 1, "", "22:00-24:00 00:00-06:00", "")], &[]);
    let variant = Variant { band: Some(0), from_volume: 0, tiers: parse_tiers("0:1@0.2/1").unwrap() };
    let parts = RateParts { variants: vec![variant], ..tiers("0:1@1/1") };
    let offsets = ZoneOffsets::of(chrono_tz::UTC);
    let answered_ms = DateTime::parse_from_rfc3339("2026-11-20T21:59:50Z").unwrap().timestamp_millis();
    let clock = CallClock { offsets: &offsets, bands: &night, answered_ms };
    let usage = Usage::call(7_220_000);
    let mut lines = Vec::new();
    price(&Rate::new(parts).unwrap(), Rounding::DEFAULT, &clock, usage, &Adjustments::default(), &mut lines).unwrap();
    let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "from second 0: 10 s in increments of 1 s at 1 per 1 s = 10",
            "from second 10, night: 7210 s in increments of 1 s at 0.2 per 1 s = 1442",
            "rounded half_up to 4 decimals: 1452 -> 1452",
        ]
    );
}

/// A band for the walk: its weekdays, hours of the day in minutes, priority.
#[derive(Clone, Debug)]
struct WalkBand {
    weekdays: Vec<Weekday>,
    minutes: (u32, u32),
    priority: u16,
}

const ALL: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

impl WalkBand {
    fn covers(&self, local: &DateTime<Tz>) -> bool {
        let minute = local.hour() * 60 + local.minute();
        self.weekdays.contains(&local.weekday()) && self.minutes.0 <= minute && minute < self.minutes.1
    }

    fn as_band(&self) -> Band {
        let time = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let days: Vec<String> = self.weekdays.iter().map(|day| day.to_string().to_lowercase()).collect();
        Band {
            list: ListId(1),
            name: "band".into(),
            priority: self.priority,
            days: Days::parse(&days.join(" ")).unwrap(),
            hours: parse_hours(&format!("{}-{}", time(self.minutes.0), time(self.minutes.1))).unwrap().into(),
            dates: Box::new([]),
            holidays: Arc::from([]),
            validity: Validity::ALWAYS,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Against a walk over the seconds of the call, each put on the wall clock by itself; the nights of the changes of the clock are frequent.
    #[test]
    fn equals_the_walk_on_the_wall_clock(
        (zone, night) in prop::sample::select(vec![
            (chrono_tz::Europe::Berlin, "2026-03-29T01:00:00Z"),
            (chrono_tz::Europe::Berlin, "2026-10-25T01:00:00Z"),
            (chrono_tz::America::New_York, "2026-03-08T07:00:00Z"),
            (chrono_tz::America::New_York, "2026-11-01T06:00:00Z"),
            (chrono_tz::Australia::Lord_Howe, "2026-04-04T15:00:00Z"),
            (chrono_tz::Australia::Lord_Howe, "2026-10-03T15:30:00Z"),
            (chrono_tz::Europe::Moscow, "2026-12-31T21:00:00Z"),
        ]),
        shift_s in -20_000..5_000i64,
        seconds in 1..30_000u64,
        said in prop::collection::vec((prop::collection::hash_set(0..7usize, 1..8), 0..1440u32, 1..1440u32), 1..4),
        increments in prop::collection::vec((prop::sample::select(vec![1u32, 6, 60, 3600]), 1..2_000i64, 0..4_000u32), 1..5),
    ) {
        let walk_bands: Vec<WalkBand> = said.iter().enumerate().map(|(index, (days, from, length))| WalkBand {
            weekdays: days.iter().map(|day| ALL[*day]).collect(),
            minutes: (*from, (from + length).min(1440)),
            priority: index as u16,
        }).filter(|band| band.minutes.0 < band.minutes.1).collect();
        let tiers_of = |index: usize| {
            let (increment, price, second_from) = increments[index % increments.len()];
            parse_tiers(&format!("0:{increment}@0.{price:04}/60 {}:1@0.5/3600", second_from + 1)).unwrap()
        };
        let answer = DateTime::parse_from_rfc3339(night).unwrap().with_timezone(&zone) + TimeDelta::seconds(shift_s);

        // The walk: in units of 1 / 3600 nano-unit, as every unit above divides an hour.
        let (mut total, mut paid_until) = (0i128, 0u64);
        for second in 0..seconds {
            if second < paid_until {
                continue;
            }
            let local = answer + TimeDelta::seconds(second as i64);
            let band = walk_bands.iter().enumerate().filter(|(_, band)| band.covers(&local)).max_by_key(|(_, band)| band.priority);
            let tiers = tiers_of(band.map_or(0, |(index, _)| index + 1));
            let tier = tiers.iter().rev().find(|tier| u64::from(tier.from_s) <= second).unwrap();
            total += i128::from(tier.price.nanos()) * i128::from(tier.increment_s) * i128::from(3600 / tier.unit_s);
            paid_until = second + u64::from(tier.increment_s);
        }
        let expected = (total + 1800) / 3600;

        let bands: Vec<Band> = walk_bands.iter().map(WalkBand::as_band).collect();
        let parts = RateParts {
            tiers: tiers_of(0),
            variants: (0..bands.len())
                .map(|index| Variant { band: Some(index as u32), from_volume: 0, tiers: tiers_of(index + 1) })
                .collect(),
            ..RateParts::default()
        };
        let offsets = ZoneOffsets::of(zone);
        let clock = CallClock { offsets: &offsets, bands: &bands, answered_ms: answer.timestamp_millis() };
        let usage = Usage::call(seconds * 1000);
        let priced = price(&Rate::new(parts).unwrap(), Rounding::NANOS, &clock, usage, &Adjustments::default(), &mut ()).unwrap();
        prop_assert_eq!((i128::from(priced.amount.nanos()), priced.billed_s), (expected, paid_until));
    }
}
