-- Files that wait are told; numbers that begin anew without a highest one are known by their first import.

alter table ingest_alarm drop constraint ingest_alarm_kind_check;
alter table ingest_alarm add constraint ingest_alarm_kind_check
    check (kind in ('gap', 'silence', 'trailer', 'changed', 'rejected', 'refused', 'difference', 'spool', 'vanished', 'grown', 'unended', 'held'));
alter table import_sequence add column began_import bigint references import (id);
comment on column import_sequence.began_import is 'The import with which the numbers began anew, where they fell back: what came before it says nothing of numbers that are missing. None: they never did.';
