-- What the books no longer know by heart.

create table identity_horizon (
    only_row        boolean primary key default true check (only_row),
    forgotten_up_to timestamptz not null
);
comment on table identity_horizon is 'Identities of records that ended up to this moment may have been deleted: a record that ended before it is looked up in ClickHouse before it is charged, whatever its message time says.';
