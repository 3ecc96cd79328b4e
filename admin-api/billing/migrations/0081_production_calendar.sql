-- Business days: which days of the years we know are worked (M18, A30, A35).

create table production_year (
    calendar   text not null,
    year       integer not null constraint production_year_year check (year between 1992 and 2199),
    source     text not null,
    settled    boolean not null,
    changed_at timestamptz not null,
    changed_by text not null,
    primary key (calendar, year)
);
comment on table production_year is 'Years that a production calendar knows. A day of another year is an error, never a guess.';
comment on column production_year.source is 'Where its days are said.';
comment on column production_year.settled is 'Whether they are final; else the decree of the Government has still to be compared.';

create table production_day (
    calendar   text not null,
    day        date not null,
    is_working boolean not null,
    name       text not null,
    year       integer not null generated always as (extract(year from day)::integer) stored,
    primary key (calendar, day),
    constraint production_day_year foreign key (calendar, year) references production_year,
    constraint production_day_differs check (is_working = (extract(isodow from day) > 5))
);
comment on table production_day is 'Days that differ from their week: worked Saturdays and Sundays, and days off from Monday to Friday. Holidays that fall on a weekend need no row.';

insert into production_year (calendar, year, source, settled, changed_at, changed_by) values
    ('ru', 2020, 'Трудовой кодекс, ст. 112; перенос выходных на 2020 год. Без нерабочих дней указов Президента от марта - июня 2020', true, now(), 'migration'),
    ('ru', 2026, 'Трудовой кодекс, ст. 112; постановление Правительства от 24.09.2025 № 1466', true, now(), 'migration'),
    ('ru', 2027, 'Трудовой кодекс, ст. 112; перенос выходных, как он был опубликован в сентябре 2026: сверить с постановлением', false, now(), 'migration');

insert into production_day (calendar, day, is_working, name) values
    ('ru', '2020-01-01', false, 'Новогодние каникулы'),
    ('ru', '2020-01-02', false, 'Новогодние каникулы'),
    ('ru', '2020-01-03', false, 'Новогодние каникулы'),
    ('ru', '2020-01-06', false, 'Новогодние каникулы'),
    ('ru', '2020-01-07', false, 'Рождество Христово'),
    ('ru', '2020-01-08', false, 'Новогодние каникулы'),
    ('ru', '2020-02-24', false, 'Перенос с 23 февраля'),
    ('ru', '2020-03-09', false, 'Перенос с 8 марта'),
    ('ru', '2020-05-01', false, 'Праздник Весны и Труда'),
    ('ru', '2020-05-04', false, 'Перенос с 4 января'),
    ('ru', '2020-05-05', false, 'Перенос с 5 января'),
    ('ru', '2020-05-11', false, 'Перенос с 9 мая'),
    ('ru', '2020-06-12', false, 'День России'),
    ('ru', '2020-11-04', false, 'День народного единства'),
    ('ru', '2026-01-01', false, 'Новогодние каникулы'),
    ('ru', '2026-01-02', false, 'Новогодние каникулы'),
    ('ru', '2026-01-05', false, 'Новогодние каникулы'),
    ('ru', '2026-01-06', false, 'Новогодние каникулы'),
    ('ru', '2026-01-07', false, 'Рождество Христово'),
    ('ru', '2026-01-08', false, 'Новогодние каникулы'),
    ('ru', '2026-01-09', false, 'Перенос с 3 января'),
    ('ru', '2026-02-23', false, 'День защитника Отечества'),
    ('ru', '2026-03-09', false, 'Перенос с 8 марта'),
    ('ru', '2026-05-01', false, 'Праздник Весны и Труда'),
    ('ru', '2026-05-11', false, 'Перенос с 9 мая'),
    ('ru', '2026-06-12', false, 'День России'),
    ('ru', '2026-11-04', false, 'День народного единства'),
    ('ru', '2026-12-31', false, 'Перенос с 4 января'),
    ('ru', '2027-01-01', false, 'Новогодние каникулы'),
    ('ru', '2027-01-04', false, 'Новогодние каникулы'),
    ('ru', '2027-01-05', false, 'Новогодние каникулы'),
    ('ru', '2027-01-06', false, 'Новогодние каникулы'),
    ('ru', '2027-01-07', false, 'Рождество Христово'),
    ('ru', '2027-01-08', false, 'Новогодние каникулы'),
    ('ru', '2027-02-20', true, 'Рабочая суббота'),
    ('ru', '2027-02-22', false, 'Перенос с 20 февраля'),
    ('ru', '2027-02-23', false, 'День защитника Отечества'),
    ('ru', '2027-03-08', false, 'Международный женский день'),
    ('ru', '2027-05-03', false, 'Перенос с 1 мая'),
    ('ru', '2027-05-10', false, 'Перенос с 9 мая'),
    ('ru', '2027-06-14', false, 'Перенос с 12 июня'),
    ('ru', '2027-11-04', false, 'День народного единства'),
    ('ru', '2027-11-05', false, 'Перенос со 2 января'),
    ('ru', '2027-12-31', false, 'Перенос с 3 января');
