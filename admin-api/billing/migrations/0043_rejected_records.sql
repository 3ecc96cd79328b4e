-- Records of files that no message can hold, kept as the position passes them.

create table import_rejected (
    import_id      bigint not null references import,
    position_bytes bigint not null,
    reason         text not null,
    primary key (import_id, position_bytes)
);
comment on table import_rejected is 'A record of a file that was not sent: it is too long, or the broker refuses it. Its bytes stand in the file.';
comment on column import_rejected.position_bytes is 'Where it begins in the file.';
