-- How the records of a source name the account, and how those of a format of its own are read.

alter table source
    add column account_by    text not null default 'code trunk number',
    add column account_field text,
    add column mapping       jsonb,
    add constraint source_mapping check ((mapping is not null) = (format = 'mapped'));
comment on column source.account_by is 'What of a record names the account: code, trunk, number, asked in this order; what is left out is not asked.';
comment on column source.account_field is 'The field of a record that holds the account''s code; null = the usual one of the format.';
comment on column source.mapping is 'Of a source of format mapped: where the record has each canonical field, and how it is written.';
