-- Who heads a department: approvals of a direct manager ask for it.

create function heads_over(person bigint, below integer) returns boolean language sql stable as $$
    with recursive above as (
        select id, parent_id from department where id = below
        union select d.id, d.parent_id from department d join above on d.id = above.parent_id
    )
    select exists (
        select from staff_user u join above on above.id = u.department_id where u.id = person and u.heads_department and u.blocked_at is null
    )
$$;
comment on function heads_over is 'Whether somebody heads a department or one above it, as the approvals of a direct manager have it (M20).';
