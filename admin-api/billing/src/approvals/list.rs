//! The list of requests.
//!
//! Owns: what it shows and by what it can be asked.
//! Does not own: reading it (`grid`).
//! Always: an overdue request is shown as expired; "waiting for me" is what `rules` would let the caller decide by a
//! token that who asked has not made.

use super::kinds::Kind;
use crate::grid::{Column, Filter, Grid, Read};

/// Where a request stands at the moment of the list.
macro_rules! state {
    () => {
        "CASE WHEN a.state = 'requested' AND a.expires_at <= {now} THEN 'expired' ELSE a.state END"
    };
}

/// Requests.
pub static GRID: Grid = Grid {
    name: "approvals",
    ru: "Согласования",
    en: "Approvals",
    from: "approval a JOIN staff_user u ON u.id = a.requested_by LEFT JOIN department d ON d.id = a.department_id",
    key: "a.id",
    columns: &[
        Column::number("id", "a.id", "Номер", "Number", "5").sorted(),
        Column::text("kind", "a.kind", "Вид", "Kind", "account.credit_limit").sorted(),
        Column::text("entity", "a.entity", "Вид объекта", "Record", "account"),
        Column::text("entity_id", "a.entity_id", "Объект", "Identifier of the record", "A-000001").sorted(),
        Column::text("state", state!(), "Состояние", "State", "requested").sorted(),
        Column::text("requested_by", "u.login", "Кто запросил", "Requested by", "ivanova").sorted(),
        Column::text("department", "d.code", "Отдел", "Department", "sales").sorted_by("coalesce(d.code, '')"),
        Column::text("reason", "a.reason", "Причина", "Reason", "письмо клиента от 1 июля"),
        Column::moment("requested_at", "a.requested_at", "Запрошено", "Requested at", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("expires_at", "a.expires_at", "Истекает", "Expires at", "2026-07-15T10:00:00Z").sorted(),
        Column::moment("closed_at", "a.closed_at", "Завершено", "Closed at", "")
            .sorted_by("coalesce(a.closed_at, '9999-12-31T00:00:00Z')"),
    ],
    filters: &[
        Filter::new(
            "state",
            concat!("(", state!(), ") = ANY({})"),
            Read::SomeOf(&["requested", "approved", "refused", "withdrawn", "expired", "executed", "failed"]),
            "В одном из этих состояний",
            "In one of these states",
        ),
        Filter::new("kind", "a.kind = {}", Read::OneOf(Kind::NAMES), "Этого вида", "Of this kind"),
        Filter::new("entity", "a.entity = {}", Read::Word, "Об объектах этого вида", "About records of this kind"),
        Filter::new("entity_id", "a.entity_id = {}", Read::Word, "Об этом объекте", "About this record"),
        Filter::new(
            "requested_by",
            "lower(u.login) = lower({})",
            Read::Word,
            "Запрошенные этим сотрудником",
            "Requested by this user",
        ),
        Filter::new("from", "a.requested_at >= {}", Read::From, "Запрошенные не раньше", "Requested not before"),
        Filter::new("to", "a.requested_at < {}", Read::To, "Запрошенные не позже", "Requested before"),
        Filter::new(
            "waiting_for_me",
            "(a.state = 'requested' AND a.expires_at > {now} AND a.requested_by <> {caller}
              AND NOT EXISTS (SELECT FROM approval_decision v WHERE v.approval_id = a.id AND v.user_id = {caller})
              AND NOT EXISTS (SELECT FROM staff_user c WHERE c.id = {caller} AND c.created_by = u.login)
              AND NOT EXISTS (SELECT FROM password_setup p WHERE p.user_id = {caller} AND p.created_by = u.login)
              AND EXISTS (SELECT FROM approval_step s JOIN staff_user c ON c.id = {caller} WHERE s.approval_id = a.id AND s.no = a.step AND c.login <> ALL(s.barred)
                          AND s.permission = ANY({rights}) AND (s.head_of IS NULL OR heads_over(c.id, s.head_of)))) = {}",
            Read::Flag,
            "Ждут моего решения",
            "Waiting for my decision",
        ),
    ],
    order: "-requested_at",
    required: &[],
    keys_first: false,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approvals::State;

    #[test]
    fn the_list_can_be_asked_for_every_state() {
        let filter = GRID.filters.iter().find(|filter| filter.name == "state").unwrap();
        let Read::SomeOf(names) = filter.read else { panic!("{filter:?}") };
        assert!(names.iter().copied().eq(State::ALL.iter().map(|state| state.as_str())), "{names:?}");
    }
}
