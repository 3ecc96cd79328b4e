-- What came in the place of a file that changed while it was sent.

alter table import add column replaced_by bigint references import;
comment on column import.replaced_by is 'Of a file that changed while it was sent: the import of its new content. Records of both are known by the first, so the second is rolled back before it.';

update import i set replaced_by = (select min(n.id) from import n where n.source = i.source and n.file_name = i.file_name and n.id > i.id)
where i.state = 'refused' and i.problem = 'the file changed while it was sent';
