//! Holds: money reserved for calls that go on.
//!
//! ```text
//! asks that wait -> lock their accounts -> one look at the books -> decided one after another in memory (`rules`) -> one write -> commit   (`grant`)
//! records of calls (`streams`) -> their holds go in the transaction of their charges                                                    (`close`)
//! who takes money out by choice -> locks the account as a grant does, last of all -> looks at its holds                                 (`reserved`)
//! ```
//!
//! Owns: tables `account_hold`, `hold`, `overdue_hold`, `refused_call`: what an account may talk, what a call has reserved, when that ends.
//! Does not own: whether the catalogue lets a call go and what it costs (`rating::authorize`), balances (`ledger`), blocks and floors (`blocks`, `credit`), who
//! asks (the API).
//! Always: no money is granted twice, whoever asks where (the argument stands in migration 0064); a call that is asked for again is answered as before; a grant
//! waits for other grants of its accounts, and for who takes money out of them, and for nothing else; amounts are decimals. The order of locks stands in `ledger`.
//! Start reading at [`grant`].
//!
//! | what | round trips |
//! | --- | --- |
//! | asks of a moment, together | begin, lock, accounts, calls that are known, new holds 0-1, changed holds 0-1, commit; nothing granted: no write, no flush |
//! | the first call of an account ever | two more |
//! | extensions and releases, together | one more before: what the calls asked for |
//! | holds of a batch of records | sources that have holds 1, their calls 0-1 |

mod ask;
mod asked;
mod calls;
mod close;
mod end;
mod expire;
mod grant;
mod lists;
mod refused;
mod reserved;
mod rules;
mod store;

pub use ask::{Admission, Ask, CallKey, Denied, Facts, Granted, Released, Settled, Terms, What};
pub use asked::{Asked, Unheld, asked, forget, put_unheld};
pub use close::EndedCall;
pub(crate) use close::{close, sources};
pub use end::{HoldError, ask_end};
pub use expire::{Expired, expire};
pub use grant::grant;
pub use lists::{OPEN, OVERDUE, REFUSED};
pub use refused::{RefusedCall, note};
pub use reserved::UnderWay;
pub(crate) use reserved::{reserved, under_way};
pub use rules::{Denial, ENDED_BY_STAFF};
