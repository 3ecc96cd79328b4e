//! The generator as a whole, over a small world.
//!
//! **Owns:** the fixtures. **Always:** files go to a directory of their own under the system's temporary one, removed at the end.

mod counted;
mod oracle;
mod stream;

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::operator::{OperatorOptions, OperatorSummary, write_operator};

/// A directory that is removed when it goes out of scope.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tollgate-generate-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A directory that stays behind does no harm, and a panic in drop would hide the test's own.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A world of few prefixes, in the shape of the destinations file.
pub(super) fn small_world() -> String {
    let rows = [
        "1,US,any",
        "1201,NANP,fixed",
        "1201200,NANP,fixed",
        "20,EG,any",
        "232,SL,any",
        "23222,SL,mobile",
        "244,AO,any",
        "2449,AO,mobile",
        "252,SO,any",
        "2526,SO,mobile",
        "358,FI,any",
        "35840,FI,mobile",
        "372,EE,any",
        "37255,EE,mobile",
        "374,AM,any",
        "37491,AM,mobile",
        "375,BY,any",
        "37529,BY,mobile",
        "381,RS,any",
        "38111,RS,fixed",
        "38163,RS,mobile",
        "44,GB,any",
        "4420,GB,fixed",
        "4479,GB,mobile",
        "49,DE,any",
        "4930,DE,fixed",
        "49151,DE,mobile",
        "53,CU,any",
        "535,CU,mobile",
        "7,RU,any",
        "7342,RU,fixed",
        "7343,RU,fixed",
        "7383,RU,fixed",
        "7495,RU,fixed",
        "7496,RU,fixed",
        "7498,RU,fixed",
        "7499,RU,fixed",
        "76,KZ,any",
        "77,KZ,any",
        "7701,KZ,mobile",
        "77172,KZ,fixed",
        "7800,RU,tollfree",
        "7803,RU,premium",
        "7804,RU,tollfree",
        "7809,RU,premium",
        "7812,RU,fixed",
        "7843,RU,fixed",
        "7863,RU,fixed",
        "79,RU,mobile",
        "850,KP,any",
        "86,CN,any",
        "861,CN,mobile",
        "8610,CN,fixed",
        "90,TR,any",
        "90532,TR,mobile",
        "971,AE,any",
        "97150,AE,mobile",
        "994,AZ,any",
        "99450,AZ,mobile",
        "995,GE,any",
        "998,UZ,any",
        "99890,UZ,mobile",
    ];
    format!("prefix,country,kind,name_en,name_ru\n{}\n", rows.map(|row| format!("{row},,")).join("\n"))
}

pub(super) const TODAY: &str = "2026-11-22";

pub(super) fn small_operator(dir: &Path) -> OperatorSummary {
    let until: NaiveDate = TODAY.parse().unwrap();
    write_operator(&OperatorOptions { seed: 5, accounts: 1_500, until }, &small_world(), dir, &mut |_, _| ()).unwrap()
}
