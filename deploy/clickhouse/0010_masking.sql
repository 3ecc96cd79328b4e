-- Numbers as prefix and keyed hash (A41): the same mask is the same number, and without the key a mask says no more than that.
-- The key comes into the views as a column of a join and never as a constant: constants can be read in EXPLAIN.

CREATE TABLE mask_keys
(
    generation UInt32 COMMENT 'Number of the key; the highest one is in force',
    key_high UInt64 COMMENT 'First half of the key',
    key_low UInt64 COMMENT 'Second half of the key',
    hidden_digits UInt8 DEFAULT 7 COMMENT 'Digits at the end of a number that the mask hides',
    made_at DateTime('UTC') DEFAULT now() COMMENT 'When the key was made'
)
ENGINE = MergeTree
ORDER BY generation
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Keys of the masks: made by cdr-ingest migrate, rotated by cdr-ingest mask-key; no role may read it';

CREATE VIEW calls_masked
(
    charge String COMMENT 'Identity of the leg, 32 hexadecimal digits, as the admin API takes it; the rows of one leg have the same',
    batch_id UInt64 COMMENT 'Identifier of the INSERT that brought the row',
    stream_id UInt32 COMMENT 'Stream the record came by',
    partition Int32 COMMENT 'Partition of the stream',
    record_offset Int64 COMMENT 'Offset in the partition',
    source LowCardinality(String) COMMENT 'Configured feed of a switch',
    import_id UInt64 COMMENT 'Import the record belongs to, 0 = the live stream',
    leg UInt8 COMMENT 'Leg of the call',
    sequence UInt32 COMMENT 'Part of a long call',
    revision UInt16 COMMENT '0 = first rating; higher = differences of re-rating',
    account_id UInt64 COMMENT 'Who pays, 0 = nobody',
    client_id UInt64 COMMENT 'Client of the account',
    usage_day Date COMMENT 'Day of the answer in the zone of the issuer',
    period Date COMMENT 'First day of the month the leg is booked into',
    started_at DateTime64(3, 'UTC') COMMENT 'Set-up',
    answered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Answer, if any',
    ended_at DateTime64(3, 'UTC') COMMENT 'End',
    src String COMMENT 'Calling number, masked: first digits, *, generation of the key, :, hash; empty = withheld or malformed',
    dst String COMMENT 'Dialled number, masked likewise; short codes as they are',
    dst_short Bool COMMENT 'The dialled number is a short code',
    service LowCardinality(String) COMMENT 'Rated service',
    direction LowCardinality(String) COMMENT 'Direction seen from our network: out, in',
    outcome LowCardinality(String) COMMENT 'What became of the leg: rated, non_target',
    disposition LowCardinality(String) COMMENT 'How the attempt ended: answered, no_answer, busy, failed, cancelled',
    release_cause LowCardinality(String) COMMENT 'Cause as the switch gave it',
    charged_party LowCardinality(String) COMMENT 'Whose account pays: nobody, caller, called, forwarder',
    provider_id UInt32 COMMENT 'Carrier, 0 = not known',
    incoming_service LowCardinality(String) COMMENT 'Incoming service of the record; empty = none',
    place LowCardinality(String) COMMENT 'Place of service the leg was priced by; empty = none',
    destination LowCardinality(String) COMMENT 'Name of the destination in the numbering plan',
    country LowCardinality(String) COMMENT 'Country of the destination',
    retail_prefix String COMMENT 'Prefix matched in the retail list, as far as the mask shows digits',
    retail_list UInt32 COMMENT 'Retail list, 0 = none',
    retail_rate UInt64 COMMENT 'Row of the retail list, 0 = none',
    wholesale_list UInt32 COMMENT 'Wholesale list, 0 = none',
    wholesale_rate UInt64 COMMENT 'Row of the wholesale list, 0 = none',
    tariff_version UInt64 COMMENT 'Version of the catalogue the leg was priced by',
    duration_ms UInt64 COMMENT 'Duration as reported, milliseconds; not signed: sum duration_ms * calls',
    billed_seconds UInt64 COMMENT 'Seconds charged retail; not signed: sum seconds instead',
    quantity UInt64 COMMENT 'Pieces charged of an event, 0 = a call; not signed: sum quantity * calls',
    currency LowCardinality(String) COMMENT 'Currency of the account',
    gross Decimal(18, 9) COMMENT 'Retail amount with tax, signed',
    net Decimal(18, 9) COMMENT 'Retail amount without tax, signed',
    tax_rate Decimal(9, 2) COMMENT 'Tax inside the gross amount, percent',
    wholesale_cost Decimal(18, 9) COMMENT 'What the provider charges us, signed',
    wholesale_cost_currency LowCardinality(String) COMMENT 'Currency of the wholesale cost',
    seconds_covered UInt64 COMMENT 'Seconds or pieces that bundles covered',
    discount_id UInt64 COMMENT 'Discount that applied, 0 = none',
    lock_id UInt64 COMMENT 'Lock that the call took place in spite of, 0 = none',
    lock_breach Bool COMMENT 'The call took place in spite of a lock',
    late Bool COMMENT 'Older than the duplicate window when it arrived',
    wholesale_missing Bool COMMENT 'The provider has no price for the leg',
    emergency Bool COMMENT 'Emergency call: free',
    calls Int8 COMMENT '1; -1 or 0 in differences: sum it, never count rows',
    seconds Int64 COMMENT 'Billed seconds, signed'
)
AS SELECT
    hex(c.identity) AS charge, c.batch_id, c.stream_id, c.partition, c.record_offset, c.source, c.import_id, c.leg, c.sequence, c.revision,
    c.account_id, c.client_id, c.usage_day, c.period, c.started_at, c.answered_at, c.ended_at,
    if(length(c.src) <= 6, c.src, concat(substring(c.src, 1, greatest(0, length(c.src) - k.hidden)), '*', toString(k.generation), ':',
        lower(hex(sipHash64Keyed((k.high, k.low), c.src))))) AS src,
    if(length(c.dst) <= 6, c.dst, concat(substring(c.dst, 1, greatest(0, length(c.dst) - k.hidden)), '*', toString(k.generation), ':',
        lower(hex(sipHash64Keyed((k.high, k.low), c.dst))))) AS dst,
    c.dst_short, c.service, c.direction, c.outcome, c.disposition, c.release_cause, c.charged_party, c.provider_id, c.incoming_service, c.place,
    c.destination, c.country,
    if(length(c.dst) <= 6, c.retail_prefix, substring(c.retail_prefix, 1, greatest(0, length(c.dst) - k.hidden))) AS retail_prefix,
    c.retail_list, c.retail_rate, c.wholesale_list, c.wholesale_rate, c.tariff_version, c.duration_ms, c.billed_seconds, c.quantity,
    c.currency, c.gross, c.net, c.tax_rate, c.wholesale_cost, c.wholesale_cost_currency, c.seconds_covered, c.discount_id, c.lock_id, c.lock_breach,
    c.late, c.wholesale_missing, c.emergency, c.calls, c.seconds
FROM calls AS c
CROSS JOIN
(
    SELECT
        max(mask_keys.generation) + throwIf(count() = 0, 'there is no key for masks: run cdr-ingest migrate') AS generation,
        argMax(key_high, (mask_keys.generation, key_high, key_low)) AS high,
        argMax(key_low, (mask_keys.generation, key_high, key_low)) AS low,
        argMax(hidden_digits, (mask_keys.generation, key_high, key_low)) AS hidden
    FROM mask_keys
) AS k
COMMENT 'Legs, one row a rating, with masked numbers and without the identities that the switch gave';

CREATE VIEW calls_in_clear
AS SELECT
    c.*,
    if(length(c.src) <= 6, c.src, concat(substring(c.src, 1, greatest(0, length(c.src) - k.hidden)), '*', toString(k.generation), ':',
        lower(hex(sipHash64Keyed((k.high, k.low), c.src))))) AS src_mask,
    if(length(c.dst) <= 6, c.dst, concat(substring(c.dst, 1, greatest(0, length(c.dst) - k.hidden)), '*', toString(k.generation), ':',
        lower(hex(sipHash64Keyed((k.high, k.low), c.dst))))) AS dst_mask
FROM calls AS c
CROSS JOIN
(
    SELECT
        max(mask_keys.generation) AS generation,
        argMax(key_high, (mask_keys.generation, key_high, key_low)) AS high,
        argMax(key_low, (mask_keys.generation, key_high, key_low)) AS low,
        argMax(hidden_digits, (mask_keys.generation, key_high, key_low)) AS hidden
    FROM mask_keys
) AS k
WHERE NOT throwIf(lengthUTF8(trim({reason:String})) < 10, 'calls_in_clear asks for a reason of at least 10 characters')
COMMENT 'Legs with numbers in clear, for investigators: calls_in_clear(reason = ''..''), where the reason is at least 10 characters long and stands in the query log. The columns are those of calls, with src_mask and dst_mask as calls_masked shows them';
