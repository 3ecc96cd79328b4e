-- Where a number was served, by period: a late call is priced by the place of its time.

alter table did_period add column place text;
comment on column did_period.place is 'Place of service in this period; of a call that names none.';
update did_period set place = did.place from did where did.id = did_period.did_id;
