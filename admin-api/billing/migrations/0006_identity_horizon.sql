-- What the books no longer know by heart.

create table identity_horizon (
    only_row        boolean primary key default true check (only_row),
    forgotten_up_to timestamptz not null
);
comment on table identity_horizon is 'Identities of records that ended up to this moment may have been deleted: a record that ended before it is looked up in ClickHouse before it is charged, whatever its message time says.';

-- What an earlier version forgot without a note may be anything up to now.
insert into identity_horizon (forgotten_up_to) select now() where exists (select from partition_state);

insert into setting (key, value, description) values
    ('ingest.batch_rows', '50000', 'Records of a batch of the ingest, 1 to 400000'),
    ('ingest.batch_ms', '1000', 'Milliseconds after which a batch of the ingest is handed over whatever its count');
