-- What each version of the catalogue changed, so that readers of the snapshot read that alone.

create table catalogue_change (
    version bigint not null,
    what text not null check (what in ('everything', 'tariffs', 'account', 'client', 'number')),
    id bigint check ((id is not null) = (what in ('account', 'client'))),
    number text check ((number is not null) = (what = 'number'))
);
create index on catalogue_change (version);
create index on account_trunk (account_id);
comment on table catalogue_change is 'At least one row a version, of the last ten thousand versions: whose rows differ from those of the version before. A reader that misses a version reads everything.';
comment on column catalogue_change.what is 'tariffs = everything but accounts and numbers; account = it with its plans, trunks, locks and own discounts; client = all his accounts and terms; number = its states';
