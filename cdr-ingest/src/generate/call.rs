//! A call as the switch means it, before any format.
//!
//! **Owns:** `Call` and its words. **Does not own:** what it costs (`oracle`) or how it is written down (`encode`).
//! **Always:** numbers stand as dialled; times are epoch milliseconds.

/// What kind of leg a record reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Our subscriber calls.
    Outgoing,
    /// Our subscriber is called.
    Incoming,
    /// Our toll-free number is called.
    Tollfree,
    /// Our number passes a call on.
    Forwarded,
    /// Both ends belong to one account.
    Internal,
    /// An event: our subscriber sends a message of one or more parts.
    Message,
}

impl Service {
    /// The word of the formats.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Outgoing => "outgoing",
            Self::Incoming => "incoming",
            Self::Tollfree => "tollfree",
            Self::Forwarded => "forwarded",
            Self::Internal => "internal",
            Self::Message => "message",
        }
    }

    /// Whether it lasts; else it is counted in pieces.
    #[must_use]
    pub fn is_call(self) -> bool {
        self != Self::Message
    }

    /// Whether the called side is ours and pays.
    #[must_use]
    pub fn is_received(self) -> bool {
        matches!(self, Self::Incoming | Self::Tollfree)
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Somebody answered.
    Answered,
    /// Nobody did.
    NoAnswer,
    /// Busy.
    Busy,
    /// The network failed.
    Failed,
    /// The caller gave up.
    Cancelled,
}

impl Disposition {
    /// The word of the canonical format.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The Q.850 cause that goes with it.
    #[must_use]
    pub fn cause(self) -> &'static str {
        match self {
            Self::Answered | Self::Cancelled => "16",
            Self::NoAnswer => "19",
            Self::Busy => "17",
            Self::Failed => "41",
        }
    }
}

/// One record's worth of a call.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// Index of the source in the operator.
    pub source: usize,
    /// Identity within the source.
    pub cdr_id: String,
    /// Leg number.
    pub leg: u8,
    /// Which part of a long call.
    pub sequence: u32,
    /// Whether it is the last part.
    pub is_final: bool,
    /// The account that the switch names.
    pub account: Option<&'a str>,
    /// The calling number as the switch has it.
    pub src: String,
    /// The called number as the switch has it.
    pub dst: String,
    /// What kind of leg.
    pub service: Service,
    /// When the call was set up.
    pub setup_ms: i64,
    /// When somebody answered.
    pub answer_ms: Option<i64>,
    /// When it ended.
    pub end_ms: i64,
    /// The duration that the switch counted, if it says one.
    pub billable_ms: Option<i64>,
    /// How many pieces an event has.
    pub quantity: Option<u32>,
    /// How it ended.
    pub disposition: Disposition,
    /// The trunk it came by.
    pub trunk_in: Option<&'a str>,
    /// The trunk it left by.
    pub trunk_out: Option<&'a str>,
    /// The number that passed it on.
    pub forwarded_from: Option<String>,
    /// A qualifier for the choice of the rate.
    pub incoming_service: Option<&'static str>,
    /// Another.
    pub place: Option<&'static str>,
}

impl Call<'_> {
    /// Whether somebody answered: anything else is an attempt.
    #[must_use]
    pub fn answered_at(&self) -> Option<i64> {
        self.answer_ms.filter(|_| self.disposition == Disposition::Answered)
    }

    /// The moment as of which the call is judged.
    #[must_use]
    pub fn moment(&self) -> i64 {
        self.answered_at().unwrap_or(self.setup_ms)
    }
}
