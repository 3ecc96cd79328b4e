//! What FreeSWITCH says of a call in its channel variables, whichever module writes them.
//!
//! Owns: directions, services, stamps and causes of FreeSWITCH.
//! Does not own: where in a document the variables stand (`freeswitch`, `freeswitch_event`).

use std::borrow::Cow;

use rating::Service;

use super::{DecodedCdr, Direction, Disposition, Undecodable, clean};

/// A moment as two variables say it: microseconds and seconds of the epoch.
pub(super) type Moment<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The variables that rating needs.
pub(super) struct Call<'a> {
    /// How problems call the format.
    pub(super) format: &'static str,
    pub(super) uuid: Cow<'a, str>,
    pub(super) account: Option<Cow<'a, str>>,
    pub(super) direction: Cow<'a, str>,
    /// Overrides the service that the direction says.
    pub(super) service: Cow<'a, str>,
    pub(super) start: Moment<'a>,
    pub(super) answer: Moment<'a>,
    pub(super) end: Moment<'a>,
    pub(super) billmsec: Cow<'a, str>,
    pub(super) hangup_cause: Cow<'a, str>,
    pub(super) gateway: Option<Cow<'a, str>>,
    pub(super) sip_call_id: Cow<'a, str>,
    pub(super) src: Cow<'a, str>,
    pub(super) dst: Cow<'a, str>,
    /// The forwarding number.
    pub(super) rdnis: Option<Cow<'a, str>>,
}

impl<'a> Call<'a> {
    /// The record.
    pub(super) fn record(self) -> Result<DecodedCdr<'a>, Undecodable> {
        let service = self.service()?;
        let direction = Direction::of(service);
        let answer_ms = self.stamp(&self.answer, "answer_uepoch")?;
        let billable_ms = match &*self.billmsec {
            "" => None,
            text => Some(text.parse().map_err(|_| {
                let format = self.format;
                Undecodable::new(
                    format!("{format}: billmsec — не число"),
                    format!("{format}: billmsec is not a number"),
                )
            })?),
        };
        let (trunk_in, trunk_out) =
            if direction == Direction::Out { (None, self.gateway.clone()) } else { (self.gateway.clone(), None) };
        Ok(DecodedCdr {
            setup_ms: self.stamp(&self.start, "start_uepoch")?,
            answer_ms,
            end_ms: self.stamp(&self.end, "end_uepoch")?,
            billable_ms: billable_ms.filter(|_| answer_ms.is_some()),
            disposition: disposition(answer_ms.is_some(), &self.hangup_cause),
            cdr_id: self.uuid,
            call_id: self.sip_call_id,
            account: self.account,
            src: self.src,
            dst: self.dst,
            release_cause: self.hangup_cause,
            trunk_in,
            trunk_out,
            forwarded_from: self.rdnis,
            ..DecodedCdr::of(service)
        })
    }

    fn service(&self) -> Result<Service, Undecodable> {
        if self.service.is_empty() {
            return direction_service(self.format, &self.direction, self.rdnis.is_some());
        }
        self.service.parse().map_err(|()| {
            let (format, word) = (self.format, clean(&self.service));
            Undecodable::new(
                format!("{format}: tollgate_service `{word}` — такой услуги нет"),
                format!("{format}: tollgate_service `{word}` is no service"),
            )
        })
    }

    /// Milliseconds from `*_uepoch`, else from `*_epoch`; `None` for 0 or nothing.
    fn stamp(&self, (micros, seconds): &Moment<'_>, name: &str) -> Result<Option<i64>, Undecodable> {
        let format = self.format;
        let read = |text: &str| {
            text.parse::<i64>().ok().filter(|stamp| *stamp >= 0).ok_or_else(|| {
                Undecodable::new(
                    format!("{format}: {name} — не число от 0"),
                    format!("{format}: {name} is not a number of 0 or more"),
                )
            })
        };
        let ms = match (&**micros, &**seconds) {
            ("", "") => 0,
            ("", seconds) => read(seconds)?.saturating_mul(1000),
            (micros, _) => read(micros)? / 1000,
        };
        Ok((ms != 0).then_some(ms))
    }
}

/// The service that a direction says, as the switch sees it: inbound is a call that our subscriber makes.
pub(super) fn direction_service(format: &str, direction: &str, is_forwarded: bool) -> Result<Service, Undecodable> {
    match (direction, is_forwarded) {
        ("inbound", false) => Ok(Service::Outgoing),
        ("inbound", true) => Ok(Service::Forwarded),
        ("outbound", _) => Ok(Service::Incoming),
        (other, _) => {
            let word = clean(other);
            Err(Undecodable::new(
                format!("{format}: direction `{word}` — не inbound и не outbound"),
                format!("{format}: direction `{word}` is neither inbound nor outbound"),
            ))
        }
    }
}

/// How a call ended by its cause.
pub(super) fn disposition(answered: bool, cause: &str) -> Disposition {
    match cause {
        _ if answered => Disposition::Answered,
        "USER_BUSY" => Disposition::Busy,
        "ORIGINATOR_CANCEL" => Disposition::Cancelled,
        "NO_ANSWER" | "NO_USER_RESPONSE" | "ALLOTTED_TIMEOUT" => Disposition::NoAnswer,
        _ => Disposition::Failed,
    }
}
