-- What a leg was priced by beside the catalogue, so that a charge can be explained and replayed from its row alone.

ALTER TABLE calls
    ADD COLUMN incoming_service LowCardinality(String) COMMENT 'Incoming service of the record; empty = none' AFTER provider_id,
    ADD COLUMN place LowCardinality(String) COMMENT 'Place of service the leg was priced by; empty = none' AFTER incoming_service,
    ADD COLUMN used UInt64 DEFAULT if(toInt8(service) <= 5, duration_ms, quantity) COMMENT 'What was priced: milliseconds of a call by the rule of its source, pieces of an event' AFTER duration_ms,
    ADD COLUMN wholesale_exchange_rate Decimal(18, 9) COMMENT 'Rate from the wholesale list to the currency of its cost, 1 = same currency, 0 = not kept' AFTER wholesale_cost_currency,
    ADD INDEX calls_by_identity identity TYPE bloom_filter(0.001) GRANULARITY 4;
