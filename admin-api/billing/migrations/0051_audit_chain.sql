-- The audit proves itself: numbers without gaps, each line with a digest over the one before it.

alter table audit_record
    add column on_behalf text,
    add column address   text not null default '',
    add column personal  jsonb,
    add column digest    bytea;
comment on column audit_record.on_behalf is 'Code of the client as whom the author worked (B11, B26).';
comment on column audit_record.personal is 'Personal data before and after, with a salt: {"salt", "before", "after"}. The digest covers personal_digest only, so that cleaning (A40) may empty it.';
alter table audit_record add column personal_digest bytea;

create table audit_head (
    only_row  boolean primary key default true check (only_row),
    record_id bigint not null,
    digest    bytea not null
);
comment on table audit_head is 'The last line. Who writes the next one holds this row until it commits.';

create function audit_digest(former bytea, line audit_record) returns bytea language sql immutable parallel safe as $$
    select sha256(former || convert_to(jsonb_build_array(line.id, extract(epoch from line.at)::text, line.user_id, line.login, line.on_behalf, line.address, line.action,
        line.entity, line.entity_id, line.outcome, line.before, line.after, line.reason, line.request_id, encode(line.personal_digest, 'hex'))::text, 'UTF8'))
$$;

do $$
declare
    line audit_record;
    former bytea := '\x';
    number bigint := 0;
begin
    for line in select * from audit_record order by id loop
        former := audit_digest(former, line);
        number := line.id;
        update audit_record set digest = former where id = line.id;
    end loop;
    insert into audit_head (record_id, digest) values (number, former);
end $$;
alter table audit_record alter column digest set not null, alter column id drop identity;

create function audit_add() returns trigger language plpgsql as $$
declare
    head audit_head;
begin
    select * into strict head from audit_head for update;
    new.id := head.record_id + 1;
    if new.personal is not null then
        new.personal_digest := sha256(convert_to(new.personal::text, 'UTF8'));
    end if;
    new.digest := audit_digest(head.digest, new);
    update audit_head set record_id = new.id, digest = new.digest;
    return new;
end $$;
create trigger audit_add before insert on audit_record for each row execute function audit_add();

create function audit_keep() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.personal is null and old.personal is not null then
        new.personal := old.personal;
        if new = old then
            new.personal := null;
            return new;
        end if;
    end if;
    raise exception 'the audit is append-only';
end $$;
create trigger audit_keep before update or delete on audit_record for each row execute function audit_keep();
create trigger audit_keep_all before truncate on audit_record execute function audit_keep();
create index audit_by_user on audit_record (user_id, id);
create index audit_by_time on audit_record (at, id);
create index audit_by_client on audit_record (on_behalf, id) where on_behalf is not null;
