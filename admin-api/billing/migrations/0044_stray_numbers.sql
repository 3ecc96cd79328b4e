-- A number of a file that fits nothing, until files go on behind it; and which numbers have come.

alter table import_sequence add column stray bigint;
comment on column import_sequence.stray is 'A number far from the last one. Where files go on behind it, it becomes the last one; where they go on behind the last one, it is forgotten.';
create index import_by_sequence on import (source, sequence) where sequence is not null;
