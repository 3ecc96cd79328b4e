-- Alarms of the spool, of files that vanish half-sent and of files that grow after they were sent.

alter table ingest_alarm drop constraint ingest_alarm_kind_check;
alter table ingest_alarm add constraint ingest_alarm_kind_check
    check (kind in ('gap', 'silence', 'trailer', 'changed', 'rejected', 'refused', 'difference', 'spool', 'vanished', 'grown'));
comment on column ingest_alarm.source is 'Whose records; * = of all sources of a collector.';
