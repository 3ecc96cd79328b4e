//! Price lists over their life: imported, compared, put in force, taken back, exported.
//!
//! ```text
//! file -> sheet (rows of texts) -> columns (which is which) -> rows (validated) -> compare (what changes) -> stage (a draft) -> activate
//! ```
//!
//! Owns: tables `price_import`, `price_import_line`, `price_import_withdrawal`, `price_import_terms`, `price_import_loss`; every change of the rows of a list in `rate` after
//! the first load.
//! Does not own: the rules of a rate and of rows together (`rating`), how prices reach the engine (`hot_path`).
//! Always: a sheet is taken as a whole or refused with all its faults; rows in force are added and withdrawn, never changed; what is put in force
//! is what the preview showed, or it is refused.

mod activate;
mod columns;
mod compare;
mod export;
mod faults;
mod import;
mod margin;
mod read;
mod rows;
mod sheet;
mod stage;
mod state;

pub(crate) use activate::waiting;
pub use activate::{ActivateError, Activated, RolledBack, activate, discard, roll_back};
pub use columns::{Layout, Mapping, MappingError, layout};
pub(crate) use columns::{letter, plain};
pub use compare::{Kind, Mode};
pub use export::{ExportedList, export};
pub use faults::{FAULTS_MAX, Faults, RowFault};
pub use import::{Extreme, FileFacts, ImportError, Order, Prepared, Summary, compared, import};
pub use margin::{LOSSES_MAX, Loss, Losses};
pub use read::{
    ImportHead, LineFilter, ListHead, PriceLine, RateFilter, RateView, VersionView, import_by_id, imports, lines,
    list_by_code, lists, losses_of_draft, losses_of_list, prefix_history, rates,
};
pub use rows::{ValidRows, validate};
pub use sheet::{FileKind, Sheet, SheetError, SheetOptions, SheetRow, TextEncoding, read as read_sheet};
pub use stage::{Staged, stage};
pub use state::{ListState, read_list};
