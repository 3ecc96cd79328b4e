//! The closed lists of words that records, rows and answers are classified by.
//!
//! Owns: services, outcomes, suspense codes, the checks of a call that wants to begin, and their spelling.
//! Does not own: when which one applies.
//! Always: a spelling, once written to a database, keeps its meaning.

/// Defines an enum whose variants have one spelling, used in files, databases and answers alike.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The spelling.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(()) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What is being priced. Forwarding is a service of its own, not an outgoing call (M29).
    Service {
        /// A call that our subscriber makes.
        Outgoing = "outgoing",
        /// A call that our subscriber receives.
        Incoming = "incoming",
        /// A call to a toll-free number of ours: the called account pays.
        TollFree = "tollfree",
        /// The second leg of a forwarded call: the forwarding account pays.
        Forwarded = "forwarded",
        /// Both legs belong to one account.
        Internal = "internal",
        /// Messages that our subscriber sends, by their number.
        Message = "message",
        /// Data that our subscriber uses, by kilobytes or whatever piece his list prices.
        Data = "data",
        /// Recording of a call (M35).
        Recording = "CALLS_REC",
        /// Recording of calls by a service without a limit: another service than [`Self::Recording`] (M35).
        UnlimitedRecording = "CALLS_REC_UNLIM",
    }
}

impl Service {
    /// Whether it is a call; else an event with a quantity.
    pub const fn is_call(self) -> bool {
        matches!(self, Self::Outgoing | Self::Incoming | Self::TollFree | Self::Forwarded | Self::Internal)
    }
}

words! {
    /// What became of a leg (A3): exactly one of these.
    Outcome {
        /// Priced, possibly at 0.
        Rated = "rated",
        /// The called leg of a number of ours that is not in work (M14).
        NonTarget = "non_target",
        /// Could not be rated; waits with its raw bytes.
        Suspended = "suspended",
        /// Repeats an earlier record.
        Duplicate = "duplicate",
    }
}

words! {
    /// Why a leg could not be rated.
    SuspenseCode {
        /// The bytes are no record of a known format.
        Undecodable = "UNDECODABLE",
        /// The dialled text is no number.
        BadNumber = "BAD_NUMBER",
        /// Set-up, answer, end and duration contradict each other.
        BadTimes = "BAD_TIMES",
        /// Too old, or in the future.
        DateOutOfRange = "DATE_OUT_OF_RANGE",
        /// Nobody pays for this leg.
        UnknownSubscriber = "UNKNOWN_SUBSCRIBER",
        /// Several accounts could pay for this leg.
        AmbiguousSubscriber = "AMBIGUOUS_SUBSCRIBER",
        /// The account's plan has no rate for the leg.
        NoRetailPrice = "NO_RETAIL_PRICE",
        /// The list's currency cannot be turned into the account's.
        NoExchangeRate = "NO_EXCHANGE_RATE",
        /// The amount is beyond 999,999,999.999999999.
        Overflow = "OVERFLOW",
        /// Too old for the duplicate window, and the exact look-up could not be made.
        LateBeyondWindow = "LATE_BEYOND_WINDOW",
        /// The call took place in spite of a lock whose origin suspends (A4).
        LockBreach = "LOCK_BREACH",
    }
}

words! {
    /// The checks of a call that wants to begin, in their order. The spelling is the code of the answer where it is the one that decides.
    Check {
        /// An emergency code is dialled: allowed and free, whatever else holds (A1).
        Emergency = "EMERGENCY",
        /// The dialled text is no number.
        BadNumber = "BAD_NUMBER",
        /// Nobody pays for this leg.
        UnknownSubscriber = "UNKNOWN_SUBSCRIBER",
        /// Several accounts could pay for this leg.
        AmbiguousSubscriber = "AMBIGUOUS_SUBSCRIBER",
        /// The called number is ours and not in work (M14).
        DidNotInWork = "DID_NOT_IN_WORK",
        /// The payer may not call by the number that is given as the caller's.
        OriginNotAllowed = "ORIGIN_NOT_ALLOWED",
        /// The account's own lock bars the number, or the last route to it (M25).
        LockedLocal = "LOCKED_LOCAL",
        /// A lock of all accounts does (M26).
        LockedGlobal = "LOCKED_GLOBAL",
        /// The call cannot be priced for the account.
        NoRetailPrice = "NO_RETAIL_PRICE",
        /// No route has a wholesale price.
        NoWholesalePrice = "NO_WHOLESALE_PRICE",
        /// The account is blocked.
        AccountBlocked = "ACCOUNT_BLOCKED",
        /// As many calls are under way as the account may have.
        ConcurrencyLimit = "CONCURRENCY_LIMIT",
        /// The account cannot pay for the first increment.
        InsufficientFunds = "INSUFFICIENT_FUNDS",
    }
}
