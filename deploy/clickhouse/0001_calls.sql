-- The fact table of legs, answered or not, and what became of records that are no charge.
-- Plain MergeTree: uniqueness comes from the ingest protocol (one INSERT a batch and month, deduplicated by its token), so sums need no FINAL.

CREATE TABLE calls
(
    batch_id UInt64 COMMENT 'Identifier of the INSERT that brought the row; its deduplication token',
    identity FixedString(16) COMMENT 'Digest of source, cdr_id, leg and sequence',
    stream_id UInt32 COMMENT 'Stream the record came by',
    partition Int32 COMMENT 'Partition of the stream',
    record_offset Int64 COMMENT 'Offset in the partition',
    source LowCardinality(String) COMMENT 'Configured feed of a switch',
    import_id UInt64 COMMENT 'Import the record belongs to, 0 = the live stream',
    cdr_id String COMMENT 'Identity of the record at its source',
    call_id String COMMENT 'Identity of the call at its source',
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
    src String COMMENT 'Calling number, E.164; empty = withheld or malformed',
    dst String COMMENT 'Dialled number, E.164 or short code',
    dst_short Bool COMMENT 'The dialled number is a short code',
    service Enum8('outgoing' = 1, 'incoming' = 2, 'tollfree' = 3, 'forwarded' = 4, 'internal' = 5) COMMENT 'Rated service',
    direction Enum8('out' = 1, 'in' = 2) COMMENT 'Direction seen from our network',
    outcome Enum8('rated' = 1, 'non_target' = 2) COMMENT 'What became of the leg',
    disposition Enum8('answered' = 1, 'no_answer' = 2, 'busy' = 3, 'failed' = 4, 'cancelled' = 5) COMMENT 'How the attempt ended',
    release_cause LowCardinality(String) COMMENT 'Cause as the switch gave it',
    charged_party Enum8('nobody' = 0, 'caller' = 1, 'called' = 2, 'forwarder' = 3) COMMENT 'Whose account pays',
    provider_id UInt32 COMMENT 'Carrier, 0 = not known',
    destination LowCardinality(String) COMMENT 'Name of the destination in the numbering plan',
    country LowCardinality(String) COMMENT 'Country of the destination',
    retail_prefix String COMMENT 'Prefix matched in the retail list',
    retail_list UInt32 COMMENT 'Retail list, 0 = none',
    retail_rate UInt64 COMMENT 'Row of the retail list, 0 = none',
    wholesale_list UInt32 COMMENT 'Wholesale list, 0 = none',
    wholesale_rate UInt64 COMMENT 'Row of the wholesale list, 0 = none',
    tariff_version UInt64 COMMENT 'Version of the catalogue the leg was priced by',
    duration_ms UInt64 COMMENT 'Duration as reported, milliseconds',
    billed_seconds UInt64 COMMENT 'Seconds charged retail',
    list_amount Decimal(18, 9) COMMENT 'Retail amount in the currency of the list',
    list_currency LowCardinality(String) COMMENT 'Currency of the list',
    exchange_rate Decimal(18, 9) COMMENT 'Rate from the list to the account, 1 = same currency',
    currency LowCardinality(String) COMMENT 'Currency of the account',
    gross Decimal(18, 9) COMMENT 'Retail amount with tax, currency of the account',
    net Decimal(18, 9) COMMENT 'Retail amount without tax',
    tax_rate Decimal(9, 2) COMMENT 'Tax inside the gross amount, percent',
    wholesale_amount Decimal(18, 9) COMMENT 'What the provider charges us',
    wholesale_currency LowCardinality(String) COMMENT 'Currency of the wholesale list',
    bundle_id UInt64 COMMENT 'Bundle that covered seconds, 0 = none',
    counter_before UInt64 COMMENT 'Seconds of the bundle used before this leg',
    seconds_covered UInt64 COMMENT 'Seconds covered by the bundle',
    discount_id UInt64 COMMENT 'Discount that applied, 0 = none',
    lock_id UInt64 COMMENT 'Lock that the call took place in spite of, 0 = none',
    lock_breach Bool COMMENT 'The call took place in spite of a lock',
    late Bool COMMENT 'Older than the duplicate window when it arrived',
    wholesale_missing Bool COMMENT 'The provider has no price for the leg',
    emergency Bool COMMENT 'Emergency call: free',
    calls Int8 COMMENT '1; -1 or 0 in differences',
    seconds Int64 COMMENT 'Billed seconds, signed; 0 where a revision changes money only'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(started_at)
ORDER BY (account_id, started_at)
SETTINGS non_replicated_deduplication_window = 100000
COMMENT 'Legs that were rated or are non-target calls';

CREATE TABLE suspended
(
    batch_id UInt64 COMMENT 'Identifier of the INSERT',
    identity FixedString(16) COMMENT 'Identity of the leg',
    stream_id UInt32 COMMENT 'Stream',
    partition Int32 COMMENT 'Partition',
    record_offset Int64 COMMENT 'Offset',
    source LowCardinality(String) COMMENT 'Feed',
    cdr_id String COMMENT 'Identity of the record at its source',
    leg UInt8 COMMENT 'Leg',
    code LowCardinality(String) COMMENT 'Why it could not be rated',
    stage LowCardinality(String) COMMENT 'Stage that said so',
    received_at DateTime64(3, 'UTC') COMMENT 'Message time',
    sign Int8 COMMENT '1; -1 when the record is recycled'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (code, received_at)
SETTINGS non_replicated_deduplication_window = 100000
COMMENT 'Records in suspense, signed: the sum is what waits';

CREATE TABLE duplicates
(
    batch_id UInt64 COMMENT 'Identifier of the INSERT',
    identity FixedString(16) COMMENT 'Identity that was seen before',
    stream_id UInt32 COMMENT 'Stream',
    partition Int32 COMMENT 'Partition',
    record_offset Int64 COMMENT 'Offset',
    source LowCardinality(String) COMMENT 'Feed',
    cdr_id String COMMENT 'Identity of the record at its source',
    leg UInt8 COMMENT 'Leg',
    received_at DateTime64(3, 'UTC') COMMENT 'Message time'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (source, received_at)
SETTINGS non_replicated_deduplication_window = 100000
COMMENT 'Legs that repeat an earlier one';

CREATE TABLE batches
(
    batch_id UInt64 COMMENT 'Identifier of the INSERT of this row',
    stream_id UInt32 COMMENT 'Stream',
    partition Int32 COMMENT 'Partition',
    from_offset Int64 COMMENT 'First offset',
    next_offset Int64 COMMENT 'Offset after the last',
    records UInt32 COMMENT 'Records',
    rated UInt32 COMMENT 'Legs rated',
    non_target UInt32 COMMENT 'Legs to numbers not in work',
    suspended UInt32 COMMENT 'Legs in suspense',
    duplicates UInt32 COMMENT 'Legs that repeat earlier ones',
    read_up_to DateTime64(3, 'UTC') COMMENT 'Latest message time'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(read_up_to)
ORDER BY (stream_id, partition, from_offset)
SETTINGS non_replicated_deduplication_window = 100000
COMMENT 'Batches: what the tables are complete up to';
