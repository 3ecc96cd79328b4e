-- The search for sale hears of numbers that nobody has called any more: what was called is rolled back.

create table non_target_gone (
    did_number text primary key,
    changed_in bigint not null
);
comment on table non_target_gone is 'Numbers whose last call was taken back (a roll-back, an ignored caller): a row that is deleted leaves no trace of its transaction, and the shelf reads what transactions wrote.';
create index non_target_gone_by_change on non_target_gone (changed_in);

create function non_target_last_gone() returns trigger language plpgsql as $$
begin
    insert into non_target_gone (did_number, changed_in)
    select did_number, pg_current_xact_id()::text::bigint from gone order by did_number
    on conflict (did_number) do update set changed_in = excluded.changed_in;
    return null;
end $$;
create trigger non_target_last_gone after delete on non_target_last referencing old table as gone for each statement execute function non_target_last_gone();
