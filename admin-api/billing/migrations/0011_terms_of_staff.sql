-- What staff enter: locks with a history, the directory of currencies, terms of clients and accounts that end and stay readable.

-- Currencies (B35).

create table currency (
    code         char(3) primary key check (code ~ '^[A-Z]{3}$'),
    numeric_code char(3) constraint currency_numeric_unique unique check (numeric_code ~ '^[0-9]{3}$'),
    name_ru      text not null,
    name_en      text not null,
    minor_units  smallint not null check (minor_units between 0 and 4),
    active       boolean not null
);
comment on table currency is 'The directory of currencies, as ISO 4217 lists them. Only active ones may be named by what is written from now on; what names another already stays.';
comment on column currency.numeric_code is 'Null: not of ISO 4217.';
insert into currency (code, numeric_code, name_ru, name_en, minor_units, active) values
    ('RUB', '643', 'Российский рубль', 'Russian rouble', 2, true),
    ('USD', '840', 'Доллар США', 'US dollar', 2, true),
    ('EUR', '978', 'Евро', 'Euro', 2, true),
    ('KZT', '398', 'Казахстанский тенге', 'Kazakhstani tenge', 2, true),
    ('BYN', '933', 'Белорусский рубль', 'Belarusian rouble', 2, true),
    ('CNY', '156', 'Китайский юань', 'Chinese yuan', 2, true),
    ('TRY', '949', 'Турецкая лира', 'Turkish lira', 2, true),
    ('AMD', '051', 'Армянский драм', 'Armenian dram', 2, true),
    ('GEL', '981', 'Грузинский лари', 'Georgian lari', 2, true),
    ('UZS', '860', 'Узбекский сум', 'Uzbekistani sum', 2, true),
    ('KGS', '417', 'Киргизский сом', 'Kyrgyzstani som', 2, true),
    ('AZN', '944', 'Азербайджанский манат', 'Azerbaijani manat', 2, true),
    ('RSD', '941', 'Сербский динар', 'Serbian dinar', 2, true),
    ('TJS', '972', 'Таджикский сомони', 'Tajikistani somoni', 2, true),
    ('TMT', '934', 'Туркменский манат', 'Turkmenistani manat', 2, true),
    ('MDL', '498', 'Молдавский лей', 'Moldovan leu', 2, true),
    ('UAH', '980', 'Украинская гривна', 'Ukrainian hryvnia', 2, true),
    ('MNT', '496', 'Монгольский тугрик', 'Mongolian tugrik', 2, true),
    ('GBP', '826', 'Фунт стерлингов', 'Pound sterling', 2, true),
    ('CHF', '756', 'Швейцарский франк', 'Swiss franc', 2, true),
    ('JPY', '392', 'Японская иена', 'Japanese yen', 0, true),
    ('AED', '784', 'Дирхам ОАЭ', 'UAE dirham', 2, true),
    ('INR', '356', 'Индийская рупия', 'Indian rupee', 2, true),
    ('AUD', '036', 'Австралийский доллар', 'Australian dollar', 2, false),
    ('BAM', '977', 'Конвертируемая марка Боснии и Герцеговины', 'Bosnia and Herzegovina convertible mark', 2, false),
    ('BDT', '050', 'Бангладешская така', 'Bangladeshi taka', 2, false),
    ('BHD', '048', 'Бахрейнский динар', 'Bahraini dinar', 3, false),
    ('BRL', '986', 'Бразильский реал', 'Brazilian real', 2, false),
    ('CAD', '124', 'Канадский доллар', 'Canadian dollar', 2, false),
    ('CLP', '152', 'Чилийское песо', 'Chilean peso', 0, false),
    ('COP', '170', 'Колумбийское песо', 'Colombian peso', 2, false),
    ('CUP', '192', 'Кубинское песо', 'Cuban peso', 2, false),
    ('CZK', '203', 'Чешская крона', 'Czech koruna', 2, false),
    ('DKK', '208', 'Датская крона', 'Danish krone', 2, false),
    ('DZD', '012', 'Алжирский динар', 'Algerian dinar', 2, false),
    ('EGP', '818', 'Египетский фунт', 'Egyptian pound', 2, false),
    ('ETB', '230', 'Эфиопский быр', 'Ethiopian birr', 2, false),
    ('HKD', '344', 'Гонконгский доллар', 'Hong Kong dollar', 2, false),
    ('HUF', '348', 'Венгерский форинт', 'Hungarian forint', 2, false),
    ('IDR', '360', 'Индонезийская рупия', 'Indonesian rupiah', 2, false),
    ('ILS', '376', 'Новый израильский шекель', 'Israeli new shekel', 2, false),
    ('IQD', '368', 'Иракский динар', 'Iraqi dinar', 3, false),
    ('IRR', '364', 'Иранский риал', 'Iranian rial', 2, false),
    ('ISK', '352', 'Исландская крона', 'Icelandic krona', 0, false),
    ('JOD', '400', 'Иорданский динар', 'Jordanian dinar', 3, false),
    ('KES', '404', 'Кенийский шиллинг', 'Kenyan shilling', 2, false),
    ('KRW', '410', 'Вона Республики Корея', 'South Korean won', 0, false),
    ('KWD', '414', 'Кувейтский динар', 'Kuwaiti dinar', 3, false),
    ('LKR', '144', 'Шри-ланкийская рупия', 'Sri Lankan rupee', 2, false),
    ('MAD', '504', 'Марокканский дирхам', 'Moroccan dirham', 2, false),
    ('MKD', '807', 'Македонский денар', 'Macedonian denar', 2, false),
    ('MXN', '484', 'Мексиканское песо', 'Mexican peso', 2, false),
    ('MYR', '458', 'Малайзийский ринггит', 'Malaysian ringgit', 2, false),
    ('NGN', '566', 'Нигерийская найра', 'Nigerian naira', 2, false),
    ('NOK', '578', 'Норвежская крона', 'Norwegian krone', 2, false),
    ('NZD', '554', 'Новозеландский доллар', 'New Zealand dollar', 2, false),
    ('OMR', '512', 'Оманский риал', 'Omani rial', 3, false),
    ('PEN', '604', 'Перуанский соль', 'Peruvian sol', 2, false),
    ('PHP', '608', 'Филиппинское песо', 'Philippine peso', 2, false),
    ('PKR', '586', 'Пакистанская рупия', 'Pakistani rupee', 2, false),
    ('PLN', '985', 'Польский злотый', 'Polish zloty', 2, false),
    ('QAR', '634', 'Катарский риал', 'Qatari riyal', 2, false),
    ('RON', '946', 'Румынский лей', 'Romanian leu', 2, false),
    ('SAR', '682', 'Саудовский риял', 'Saudi riyal', 2, false),
    ('SEK', '752', 'Шведская крона', 'Swedish krona', 2, false),
    ('SGD', '702', 'Сингапурский доллар', 'Singapore dollar', 2, false),
    ('THB', '764', 'Таиландский бат', 'Thai baht', 2, false),
    ('TND', '788', 'Тунисский динар', 'Tunisian dinar', 3, false),
    ('TWD', '901', 'Новый тайваньский доллар', 'New Taiwan dollar', 2, false),
    ('TZS', '834', 'Танзанийский шиллинг', 'Tanzanian shilling', 2, false),
    ('VND', '704', 'Вьетнамский донг', 'Vietnamese dong', 0, false),
    ('XAF', '950', 'Франк КФА BEAC', 'Central African CFA franc', 0, false),
    ('XOF', '952', 'Франк КФА BCEAO', 'West African CFA franc', 0, false),
    ('ZAR', '710', 'Южноафриканский рэнд', 'South African rand', 2, false);
-- A database that is in use keeps what it uses.
insert into currency (code, name_ru, name_en, minor_units, active)
select used.code, used.code, used.code, 2, true
from (select currency from legal_entity union select currency from account union select currency from price_list
      union select currency_from from exchange_rate union select currency_to from exchange_rate) as used (code)
on conflict do nothing;

alter table legal_entity add constraint legal_entity_currency foreign key (currency) references currency;
alter table account add constraint account_currency foreign key (currency) references currency;
alter table price_list add constraint price_list_currency foreign key (currency) references currency;
alter table exchange_rate add constraint exchange_rate_currency_from foreign key (currency_from) references currency;
alter table exchange_rate add constraint exchange_rate_currency_to foreign key (currency_to) references currency;

-- Locks: when they were in force is a history; the flag says how they are meant to stand now (M28).

alter table lock
    add column created_at timestamptz not null default now(),
    add column deleted_at timestamptz,
    add column revision bigint not null default 1;
comment on column lock.reason is 'The comment that staff read: why the lock stands.';
comment on column lock.deleted_at is 'A deleted lock is ended, never erased.';
comment on column lock.valid_from is 'As it is wanted; what really held stands in lock_period.';
create index lock_by_mask on lock (mask);

create table lock_period (
    lock_id    bigint not null references lock,
    valid_from timestamptz,
    valid_to   timestamptz,
    constraint lock_period_is_some_time check (valid_from < valid_to)
);
comment on table lock_period is 'When a lock was, is and will be in force. What lies in the past never changes: a call is judged by the locks of its answer.';
create index lock_period_by_lock on lock_period (lock_id);
insert into lock_period (lock_id, valid_from, valid_to)
select id, valid_from, valid_to from lock where active and (valid_from is null or valid_to is null or valid_from < valid_to);

-- Terms: who gave them and why, and the moment at which somebody ended them. ended_at comes on top of the validity that was agreed.

alter table discount
    add column account_id bigint references account,
    add column author text not null default 'load',
    add column reason text not null default '',
    add column created_at timestamptz not null default now(),
    add column ended_at timestamptz,
    drop constraint discount_has_one_holder,
    add constraint discount_has_one_holder check (
        num_nonnulls(client_id, account_id, group_id) = 1 and (level <> 'personal') = (group_id is not null)
    );
comment on table discount is 'Discounts do not add up: that of the account counts, else the client''s, else the group''s, else the promo action''s; within a level the latest by date.';
create index discount_by_account on discount (account_id) where account_id is not null;
create index discount_by_group on discount (group_id) where group_id is not null;

alter table exchange_rate
    add column author text not null default 'load',
    add column reason text not null default '',
    add column created_at timestamptz not null default now(),
    add column ended_at timestamptz;
comment on column exchange_rate.ended_at is 'Calls answered before this moment are still converted by it.';
create unique index exchange_rate_once on exchange_rate (client_id, group_id, currency_from, currency_to, valid_from)
    nulls not distinct where ended_at is null;

alter table client_tax
    add column document text not null default '',
    add column author text not null default 'load',
    add column created_at timestamptz not null default now(),
    add column ended_at timestamptz;
comment on column client_tax.document is 'The paper that gives the client the right to it (A12).';
create index client_tax_by_client on client_tax (client_id);

alter table client_group_member
    add column id bigint generated by default as identity primary key,
    add column author text not null default 'load',
    add column created_at timestamptz not null default now(),
    add column ended_at timestamptz;
create index client_group_member_by_group on client_group_member (group_id);

-- lock.delete is the administrators'; heads get it by an explicit grant (M28, A25). Support looks and does not touch.
insert into role_permission (role_id, permission)
select role.id, grants.permission
from (values
    ('sales', 'lock.edit'), ('client_service', 'lock.edit'), ('assistants', 'lock.edit'), ('head', 'lock.edit'), ('admin', 'lock.edit'),
    ('admin', 'lock.delete'),
    ('support', 'terms.view'), ('sales', 'terms.view'), ('client_service', 'terms.view'), ('head', 'terms.view'), ('accounting', 'terms.view'),
    ('settlement', 'terms.view'), ('admin', 'terms.view'),
    ('head', 'discount.edit'), ('admin', 'discount.edit'),
    ('head', 'group.edit'), ('admin', 'group.edit'),
    ('accounting', 'exchange.edit'), ('admin', 'exchange.edit'),
    ('accounting', 'currency.edit'), ('admin', 'currency.edit'),
    ('accounting', 'tax.override'), ('admin', 'tax.override')
) as grants (role, permission)
join staff_role role on role.code = grants.role;
