//! Stage 2: numbers and times that mean the same whatever the source.
//!
//! In: [`DecodedCdr`] and its source.  Out: [`NormalisedCdr`], or BAD_NUMBER, BAD_TIMES, DATE_OUT_OF_RANGE.
//! Owns: the check of a record against itself and against the calendar.
//! Does not own: whose call it was.
//! Always: times are in order, within 400 days back and one hour ahead of the given now; the duration is not negative.

use numbering::{Dialled, E164, NotANumber};
use rating::rows::SourceRow;
use rating::wording::{self, Language};
use rating::{SuspenseCode, Usage};

use crate::decode::{DecodedCdr, Disposition};
use crate::text::Said;

/// How far back a record may lie.
const AGE_MAX_MS: i64 = 400 * 86_400_000;
/// How far ahead a switch's clock may be.
const AHEAD_MAX_MS: i64 = 3_600_000;
/// How much a duration may differ from end minus answer.
const DURATION_SLACK_MS: i64 = 2_000;

/// Why a leg goes to suspense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The code.
    pub code: SuspenseCode,
    /// The stage that says so.
    pub stage: &'static str,
    /// What exactly is wrong.
    pub detail: Said,
}

impl Rejected {
    /// A rejection.
    pub const fn new(code: SuspenseCode, stage: &'static str, detail: Said) -> Self {
        Self { code, stage, detail }
    }
}

/// A record whose numbers and times are understood.
#[derive(Clone, Debug)]
pub struct NormalisedCdr {
    /// Dialled number.
    pub dst: Dialled,
    /// Calling number; `None` when withheld or malformed.
    pub src: Option<E164>,
    /// Whether something was reported as the calling number that is no number at all.
    pub src_malformed: bool,
    /// The forwarding number.
    pub forwarded_from: Option<E164>,
    /// Set-up.
    pub setup_ms: i64,
    /// Answer, for an answered call.
    pub answer_ms: Option<i64>,
    /// End.
    pub end_ms: i64,
    /// Duration as reported.
    pub duration_ms: u64,
    /// What is priced: whole seconds by the source's rule.
    pub usage: Usage,
}

impl NormalisedCdr {
    /// The moment that everything is resolved as of: the answer, or the set-up of an attempt.
    pub fn at_ms(&self) -> i64 {
        self.answer_ms.unwrap_or(self.setup_ms)
    }
}

/// Normalises a record; `now_ms` is when it arrived.
pub fn normalise(cdr: &DecodedCdr<'_>, source: &SourceRow, now_ms: i64) -> Result<NormalisedCdr, Rejected> {
    const STAGE: &str = "normalise";
    // An event without a destination, as data and recordings are, is priced by the number that used it.
    let dialled = if cdr.dst.is_empty() && !cdr.service.is_call() { &cdr.src } else { &cdr.dst };
    let dst = source
        .rules
        .normalise(dialled)
        .map_err(|error| Rejected::new(SuspenseCode::BadNumber, STAGE, not_a_number("dst", error)))?;
    let number = |text: &str| source.rules.normalise(text).ok().and_then(Dialled::e164);
    let times = if cdr.service.is_call() { times(cdr) } else { event_times(cdr) };
    let times = times.map_err(|problem| Rejected::new(SuspenseCode::BadTimes, STAGE, problem))?;
    let range = now_ms - AGE_MAX_MS..=now_ms + AHEAD_MAX_MS;
    for (name, at) in
        [("setup_at", Some(times.setup_ms)), ("answer_at", times.answer_ms), ("end_at", Some(times.end_ms))]
    {
        if at.is_some_and(|at| !range.contains(&at)) {
            let problem = Said::new(
                format!("{name} — больше 400 дней назад или больше часа вперёд"),
                format!("{name} is more than 400 days back or more than an hour ahead"),
            );
            return Err(Rejected::new(SuspenseCode::DateOutOfRange, STAGE, problem));
        }
    }
    Ok(NormalisedCdr {
        dst,
        src: number(&cdr.src),
        src_malformed: !cdr.src.is_empty() && source.rules.normalise(&cdr.src).is_err(),
        forwarded_from: cdr.forwarded_from.as_deref().and_then(number),
        setup_ms: times.setup_ms,
        answer_ms: times.answer_ms,
        end_ms: times.end_ms,
        duration_ms: times.duration_ms,
        usage: match cdr.quantity {
            Some(pieces) if pieces > QUANTITY_MAX => {
                let problem = Said::new(
                    format!("quantity {pieces} больше {QUANTITY_MAX}"),
                    format!("quantity {pieces} is beyond {QUANTITY_MAX}"),
                );
                return Err(Rejected::new(SuspenseCode::Overflow, STAGE, problem));
            }
            _ if times.answer_ms.is_none() => Usage::ATTEMPT,
            Some(pieces) if !cdr.service.is_call() => Usage::event(pieces),
            _ => Usage::call(source.whole_seconds.apply(times.duration_ms)),
        },
    })
}

/// Most pieces of one event: no list prices more, and thousandths of them fit every counter.
const QUANTITY_MAX: u64 = 1_000_000_000_000_000;

fn not_a_number(field: &str, error: NotANumber) -> Said {
    let said = |language| format!("{field}: {}", wording::not_a_number(error, language));
    Said::new(said(Language::Russian), said(Language::English))
}

/// An event is of one moment; what it lasted does not matter.
fn event_times(cdr: &DecodedCdr<'_>) -> Result<Times, Said> {
    let at_ms = cdr.answer_ms.or(cdr.setup_ms).or(cdr.end_ms).ok_or(Said::fixed(
        "нет ни setup_at, ни answer_at, ни end_at",
        "none of setup_at, answer_at and end_at is given",
    ))?;
    let setup_ms = cdr.setup_ms.unwrap_or(at_ms);
    let end_ms = cdr.end_ms.unwrap_or(at_ms);
    if at_ms < setup_ms || end_ms < at_ms {
        return Err(Said::fixed("времена события идут не по порядку", "the times of the event are not in order"));
    }
    let answer_ms = (cdr.disposition == Disposition::Answered).then_some(at_ms);
    Ok(Times { setup_ms, answer_ms, end_ms, duration_ms: 0 })
}

#[expect(clippy::struct_field_names, reason = "units stand last")]
struct Times {
    setup_ms: i64,
    answer_ms: Option<i64>,
    end_ms: i64,
    duration_ms: u64,
}

fn times(cdr: &DecodedCdr<'_>) -> Result<Times, Said> {
    let setup_ms = cdr
        .setup_ms
        .or(cdr.answer_ms)
        .ok_or(Said::fixed("нет ни setup_at, ни answer_at", "neither setup_at nor answer_at is given"))?;
    if cdr.billable_ms.is_some_and(|billable| billable < 0) {
        return Err(Said::fixed("длительность отрицательна", "the duration is negative"));
    }
    if cdr.answer_ms.is_some_and(|answer| answer < setup_ms) {
        return Err(Said::fixed("ответ раньше начала вызова", "the answer lies before the set-up"));
    }
    let answer_ms = cdr.answer_ms.filter(|_| cdr.disposition == Disposition::Answered);
    let Some(answer) = answer_ms else {
        let end_ms = cdr.end_ms.unwrap_or(setup_ms);
        return if end_ms < setup_ms {
            Err(Said::fixed("конец раньше начала вызова", "the end lies before the set-up"))
        } else {
            Ok(Times { setup_ms, answer_ms: None, end_ms, duration_ms: 0 })
        };
    };
    let end_ms = match (cdr.end_ms, cdr.billable_ms) {
        (Some(end), _) => end,
        (None, Some(billable)) => answer.saturating_add(billable),
        (None, None) => {
            return Err(Said::fixed("нет ни end_at, ни billable_ms", "neither end_at nor billable_ms is given"));
        }
    };
    let measured = end_ms
        .checked_sub(answer)
        .filter(|measured| *measured >= 0)
        .ok_or(Said::fixed("конец раньше ответа", "the end lies before the answer"))?;
    let duration_ms = cdr.billable_ms.unwrap_or(measured);
    if duration_ms.abs_diff(measured) > DURATION_SLACK_MS as u64 {
        return Err(Said::fixed(
            "billable_ms отличается от разницы конца и ответа больше чем на 2 с",
            "billable_ms differs from end minus answer by more than 2 s",
        ));
    }
    Ok(Times { setup_ms, answer_ms, end_ms, duration_ms: duration_ms as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Direction, Disposition};
    use numbering::NumberRules;
    use rating::{Service, WholeSeconds};

    const NOW: i64 = 1_793_600_000_000;

    fn record() -> DecodedCdr<'static> {
        DecodedCdr {
            cdr_id: "1".into(),
            source: None,
            leg: 0,
            sequence: 0,
            is_final: true,
            call_id: "".into(),
            account: None,
            src: "74951234567".into(),
            dst: "79161234567".into(),
            service: Service::Outgoing,
            direction: Direction::Out,
            setup_ms: Some(NOW - 100_000),
            answer_ms: Some(NOW - 95_000),
            end_ms: Some(NOW - 35_000),
            billable_ms: None,
            quantity: None,
            disposition: Disposition::Answered,
            release_cause: "".into(),
            trunk_in: None,
            trunk_out: None,
            forwarded_from: None,
            incoming_service: None,
            place: None,
        }
    }

    fn source() -> SourceRow {
        SourceRow {
            code: "s".into(),
            format: "canonical".into(),
            zone: chrono_tz::UTC,
            whole_seconds: WholeSeconds::HalfUp,
            on_net_once: false,
            rules: NumberRules::default(),
            identify: rating::identify::Identify::default(),
            mapping: None,
        }
    }

    #[test]
    fn good_records() {
        let got = normalise(&record(), &source(), NOW).unwrap();
        assert_eq!((got.duration_ms, got.usage.answered, got.at_ms()), (60_000, true, NOW - 95_000));
        let attempt = DecodedCdr { disposition: Disposition::Busy, ..record() };
        let got = normalise(&attempt, &source(), NOW).unwrap();
        assert_eq!((got.duration_ms, got.usage.answered, got.at_ms()), (0, false, NOW - 100_000));
        let slack = DecodedCdr { billable_ms: Some(58_000), ..record() };
        assert_eq!(normalise(&slack, &source(), NOW).unwrap().duration_ms, 58_000);
        let no_end = DecodedCdr { billable_ms: Some(1_500), end_ms: None, ..record() };
        assert_eq!(normalise(&no_end, &source(), NOW).unwrap().usage.duration_ms, 2_000);
        let withheld = DecodedCdr { src: "anonymous".into(), ..record() };
        assert_eq!(normalise(&withheld, &source(), NOW).unwrap().src, None);
    }

    #[test]
    fn bad_records_say_what_is_wrong() {
        use SuspenseCode::{BadNumber, BadTimes, DateOutOfRange};
        let year = 365 * 86_400_000;
        for (code, says, cdr) in [
            (BadNumber, "longer than the 15 digits", DecodedCdr { dst: "1234567890123456".into(), ..record() }),
            (BadNumber, "other than digits", DecodedCdr { dst: "abc".into(), ..record() }),
            (BadTimes, "negative", DecodedCdr { billable_ms: Some(-1), ..record() }),
            (BadTimes, "before the set-up", DecodedCdr { answer_ms: Some(NOW - 100_001), ..record() }),
            (BadTimes, "before the answer", DecodedCdr { end_ms: Some(NOW - 95_001), ..record() }),
            (BadTimes, "more than 2 s", DecodedCdr { billable_ms: Some(57_999), ..record() }),
            (BadTimes, "neither", DecodedCdr { setup_ms: None, answer_ms: None, ..record() }),
            (
                BadTimes,
                "before the answer",
                DecodedCdr { answer_ms: Some(i64::MAX), end_ms: Some(i64::MIN), ..record() },
            ),
            (DateOutOfRange, "setup_at", DecodedCdr { setup_ms: Some(0), ..record() }),
            (DateOutOfRange, "end_at", DecodedCdr { end_ms: Some(NOW + year), ..record() }),
        ] {
            let error = normalise(&cdr, &source(), NOW).unwrap_err();
            assert!(error.code == code && error.detail.english().contains(says), "{says}: {error:?}");
        }
    }
}
