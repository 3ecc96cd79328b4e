-- Names by their words: an index alone finds, counts and orders the clients whose names have a word that begins so, however many have it.

create function name_tails(key text) returns table (word integer, tail text, twin integer) language sql immutable strict parallel safe
begin atomic
    with tails as (
        select at as word, array_to_string(words[at:], ' ') as tail
        from (select string_to_array(ltrim(key), ' ') as words) name, generate_subscripts(name.words, 1) at
    )
    select t.word, t.tail, coalesce((
        select max(letters) from tails former, generate_series(1, length(t.tail)) letters
        where former.word < t.word and left(former.tail, 1) = left(t.tail, 1) and left(former.tail, letters) = left(t.tail, letters)), 0)
    from tails t;
end;
comment on function name_tails is 'A search key from each of its words on: `а б в` is found under `а б в`, `б в`, `в`.';

create table client_name_tail (
    client_id bigint not null references client on delete cascade,
    word      integer not null,
    tail      text collate "C" not null,
    twin      integer not null,
    primary key (client_id, word)
);
comment on table client_name_tail is 'Names of clients from each of their words on, kept by triggers of the table client; a search for words is a range of them (M1, A33).';
comment on column client_name_tail.word is 'The word that it begins with; the first is 1.';
comment on column client_name_tail.twin is 'Letters that it begins with as a tail before it does. Of the tails that begin with a text, only the first has fewer than the text: so a name is found once.';
create index client_name_tail_in_order on client_name_tail (tail, client_id) include (twin);

create function keep_client_name_tails() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        delete from client_name_tail t using now_rows n join then_rows b using (id) where t.client_id = n.id and n.name_key <> b.name_key;
        insert into client_name_tail (client_id, word, tail, twin)
        select n.id, t.* from now_rows n join then_rows b using (id), name_tails(n.name_key) t where n.name_key <> b.name_key;
    else
        insert into client_name_tail (client_id, word, tail, twin) select n.id, t.* from now_rows n, name_tails(n.name_key) t;
    end if;
    return null;
end $$;
create trigger client_names_made after insert on client referencing new table as now_rows
    for each statement execute function keep_client_name_tails();
create trigger client_names_changed after update on client referencing new table as now_rows old table as then_rows
    for each statement execute function keep_client_name_tails();

insert into client_name_tail (client_id, word, tail, twin) select c.id, t.* from client c, name_tails(c.name_key) t;
