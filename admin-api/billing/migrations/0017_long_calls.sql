-- Calls that are reported in parts: each part prices the whole call so far, and the difference is charged.

create table long_call (
    call       bytea primary key,
    version    bigint not null,
    charge     bytea not null,
    parts      bytea not null,
    is_over    boolean not null,
    so_far     jsonb not null,
    reversal   bytea not null,
    touched_at timestamptz not null default now()
);
comment on table long_call is 'A leg that is reported in parts: what is known of it so far. version moves with every change; who changes it has to have seen the one before.';
comment on column long_call.charge is 'Identity of its charge in ClickHouse.';
comment on column long_call.parts is 'Identities of the parts that are charged, 16 bytes each.';
comment on column long_call.reversal is 'The row that takes its charge back, when it is revised next; empty = nothing is charged.';
create index long_call_by_charge on long_call (charge);
create index long_call_open on long_call (touched_at) where not is_over;
create index long_call_by_age on long_call (touched_at);

alter table charge_revision alter column job_id drop not null;
comment on column charge_revision.job_id is 'The job that revised the charge; none = a further part of its call did.';
