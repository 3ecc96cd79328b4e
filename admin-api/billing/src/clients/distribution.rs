//! How talking to clients went, by whom.
//!
//! Owns: the report of S5.
//! Does not own: who says what came of it (`stages`).
//! Always: the total of a row and the row of totals are sums; clients of nobody are a row of their own.

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::store::{Store, StoreError};

/// By whom it is reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// By manager.
    Manager,
    /// By agent.
    Agent,
}

impl Share {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Manager, Self::Agent];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::Agent => "agent",
        }
    }
}

impl std::str::FromStr for Share {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

/// The clients of one manager or agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistributionRow {
    /// Login of the manager or code of the agent; `None`: of nobody.
    pub code: Option<String>,
    /// His name.
    pub name: Option<String>,
    /// Invited.
    pub invited: i64,
    /// Joined.
    pub connected: i64,
    /// Said no.
    pub refused: i64,
}

impl DistributionRow {
    /// All of them.
    pub const fn total(&self) -> i64 {
        self.invited + self.connected + self.refused
    }
}

/// The report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// By code; clients of nobody first.
    pub rows: Vec<DistributionRow>,
    /// The sums of the rows.
    pub totals: DistributionRow,
}

impl Distribution {
    fn of(rows: Vec<DistributionRow>) -> Self {
        let totals = rows.iter().fold(DistributionRow::default(), |sum, row| DistributionRow {
            invited: sum.invited + row.invited,
            connected: sum.connected + row.connected,
            refused: sum.refused + row.refused,
            ..sum
        });
        Self { rows, totals }
    }
}

/// What came of talking to clients, by manager or agent (S5).
pub async fn distribution(store: &Store, share: Share) -> Result<Distribution, StoreError> {
    let (code, holder) = match share {
        Share::Manager => ("login", "staff_user h ON h.id = c.manager_id"),
        Share::Agent => ("code", "agent h ON h.id = c.agent_id"),
    };
    let sql = format!(
        "SELECT h.{code} AS code, h.name, count(*) FILTER (WHERE c.lead_state = 'invited') AS invited, count(*) FILTER (WHERE c.lead_state = 'connected') AS connected,
                count(*) FILTER (WHERE c.lead_state = 'refused') AS refused
         FROM client c LEFT JOIN {holder} WHERE c.lead_state IS NOT NULL GROUP BY h.{code}, h.name ORDER BY h.{code} NULLS FIRST"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(store.pool()).await?;
    let read = |row: &PgRow| DistributionRow {
        code: row.get("code"),
        name: row.get("name"),
        invited: row.get("invited"),
        connected: row.get("connected"),
        refused: row.get("refused"),
    };
    Ok(Distribution::of(rows.iter().map(read).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 799 + 27 + 0 = 826; of nobody 704 + 8 + 0 = 712.
    #[test]
    fn totals_are_sums() {
        let row = |code: Option<&str>, invited, connected, refused| DistributionRow {
            code: code.map(str::to_owned),
            name: None,
            invited,
            connected,
            refused,
        };
        let report =
            Distribution::of(vec![row(None, 704, 8, 0), row(Some("A-1"), 90, 15, 0), row(Some("A-2"), 5, 4, 0)]);
        assert_eq!((report.rows[0].total(), report.totals.total()), (712, 826));
        assert_eq!((report.totals.invited, report.totals.connected, report.totals.refused), (799, 27, 0));
        assert_eq!(Distribution::of(Vec::new()).totals.total(), 0);
    }
}
