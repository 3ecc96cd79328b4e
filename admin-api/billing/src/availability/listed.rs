//! Groups in the lists of what may be kept for them.
//!
//! Owns: the column and the filter that these lists have in common.
//! Does not own: the lists (each room has its own), how one is read (`grid`).
//! Always: of now: a restriction that has ended is not seen. Macros, because a list is a constant and so is its SQL.

/// The codes of the groups that a row is kept for; `$of_row` is the condition that the restriction `r` is of the row.
macro_rules! groups_column {
    ($of_row:literal) => {
        $crate::grid::Column::words(
            "groups",
            concat!(
                "ARRAY(SELECT g.code FROM group_restriction r JOIN client_group g ON g.id = r.group_id WHERE ",
                $of_row,
                " AND r.ended_at IS NULL ORDER BY g.code)"
            ),
            "Только для групп",
            "Kept for groups",
            "partners",
        )
    };
}

/// Rows that are kept for a group; `$of_row` as above.
macro_rules! group_filter {
    ($of_row:literal) => {
        $crate::grid::Filter::new(
            "group",
            concat!(
                "EXISTS (SELECT FROM group_restriction r JOIN client_group g ON g.id = r.group_id WHERE ",
                $of_row,
                " AND r.ended_at IS NULL AND g.code = {})"
            ),
            $crate::grid::Read::Word,
            "Только для этой группы (код)",
            "Kept for this group (code)",
        )
    };
}

pub(crate) use {group_filter, groups_column};
