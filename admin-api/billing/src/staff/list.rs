//! The list of users (S42).
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: the card (`read`), how a list is read (`grid`).
//! Always: a head of a department sees the people of it and of those below, who may change roles sees all; those who work, unless blocked ones are asked for.

use crate::grid::{Column, Filter, Grid, Read};

/// Users.
pub static GRID: Grid = Grid {
    name: "staff",
    ru: "Сотрудники",
    en: "Users",
    from: "staff_user u LEFT JOIN department d ON d.id = u.department_id
           WHERE NOT u.is_system AND ('role.edit' = ANY({rights}) OR u.id = {caller} OR u.department_id IN (
               WITH RECURSIVE reach AS (
                   SELECT h.department_id AS id FROM staff_user h WHERE h.id = {caller} AND h.heads_department
                   UNION SELECT b.id FROM department b JOIN reach r ON b.parent_id = r.id)
               SELECT id FROM reach))",
    key: "u.id",
    columns: &[
        Column::text("login", "u.login", "Логин", "Login", "petrova").sorted_by("lower(u.login)"),
        Column::text("name", "u.name", "Имя", "Name", "Анна Петрова").sorted(),
        Column::text("email", "u.email", "Почта", "E-mail", "petrova@example.ru"),
        Column::text("department", "d.code", "Отдел", "Department", "support").sorted_by("coalesce(d.code, '')"),
        Column::flag("heads_department", "u.heads_department", "Руководит отделом", "Heads the department", "false"),
        Column::words(
            "roles",
            "array(SELECT o.code FROM user_role r JOIN staff_role o ON o.id = r.role_id AND o.ended_at IS NULL WHERE r.user_id = u.id ORDER BY o.code)",
            "Роли",
            "Roles",
            "support",
        ),
        Column::moment("blocked_at", "u.blocked_at", "Заблокирован", "Blocked", ""),
        Column::text("block_reason", "u.block_reason", "Причина блокировки", "Why blocked", ""),
        Column::moment("created_at", "u.created_at", "Добавлен", "Added", "2026-07-01T10:00:00Z").sorted(),
        Column::text("created_by", "u.created_by", "Кем добавлен", "Added by", "admin"),
        Column::number("revision", "u.revision", "Редакция", "Revision", "1"),
    ],
    filters: &[
        Filter::new(
            "blocked",
            "(u.blocked_at IS NOT NULL) = {}",
            Read::Flag,
            "Заблокированные вместо работающих",
            "Blocked ones instead of those who work",
        )
        .or("false"),
        Filter::new("department", "d.code = {}", Read::Word, "Отдел", "Of this department"),
        Filter::new(
            "role",
            "EXISTS (SELECT FROM user_role r JOIN staff_role o ON o.id = r.role_id WHERE r.user_id = u.id AND o.code = {} AND o.ended_at IS NULL)",
            Read::Word,
            "Роль",
            "With this role",
        ),
        Filter::new(
            "text",
            "strpos(lower(concat_ws(' ', u.login, u.name, u.email)), lower({})) > 0",
            Read::Word,
            "Часть логина, имени или почты",
            "What stands in login, name or e-mail",
        ),
    ],
    order: "login",
    required: &[],
    keys_first: false,
};
