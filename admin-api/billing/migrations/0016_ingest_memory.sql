-- How much of the stream may be in memory at once.

insert into setting (key, value, description) values
    ('ingest.under_way_bytes', '67108864', 'Bytes of records that one ingest process holds between Kafka and COMMIT; beyond them it reads no more. Its memory is some three times this above what the catalogue takes');
