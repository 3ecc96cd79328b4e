-- What a charge was priced by can be found again: plans, their layers and bundles keep their former rows, as rates do.

alter table tariff_layer add column published_in bigint not null default 0, add column withdrawn_in bigint;
comment on column tariff_layer.withdrawn_in is 'A row is withdrawn and another one published, never changed; withdrawn rows stay for replay. So it is with plans of accounts and with counters.';
alter table account_plan add column published_in bigint not null default 0, add column withdrawn_in bigint;
alter table counter add column published_in bigint not null default 0, add column withdrawn_in bigint;
