-- What is no charge, and up to when the tables are complete.

CREATE VIEW non_target_by_day
(
    day Date COMMENT 'Day of the call in the zone of the issuer',
    did String COMMENT 'Our number that nobody has, masked as in calls_masked',
    calls Int64 COMMENT 'Calls to it',
    callers Int64 COMMENT 'Distinct callers; all withheld and malformed ones of a day are one (A28)'
)
AS SELECT n.day AS day,
    if(length(n.dst) <= 6, n.dst, concat(substring(n.dst, 1, greatest(0, length(n.dst) - k.hidden)), '*', toString(k.generation), ':',
        lower(hex(sipHash64Keyed((k.high, k.low), n.dst))))) AS did,
    n.calls AS calls, n.callers AS callers
FROM
(
    SELECT day, dst, sum(of_caller) AS calls, toInt64(count()) AS callers
    FROM
    (
        SELECT usage_day AS day, dst, src, sum(calls) AS of_caller
        FROM calls
        WHERE outcome = 'non_target'
        GROUP BY day, dst, src
        HAVING of_caller > 0
    )
    GROUP BY day, dst
) AS n
CROSS JOIN
(
    SELECT
        max(mask_keys.generation) + throwIf(count() = 0, 'there is no key for masks: run cdr-ingest migrate') AS generation,
        argMax(key_high, (mask_keys.generation, key_high, key_low)) AS high,
        argMax(key_low, (mask_keys.generation, key_high, key_low)) AS low,
        argMax(hidden_digits, (mask_keys.generation, key_high, key_low)) AS hidden
    FROM mask_keys
) AS k
COMMENT 'Non-target calls per number and day (M14); a number without a row was not called';

CREATE VIEW suspense_by_code
(
    day Date COMMENT 'Day of arrival, UTC',
    source LowCardinality(String) COMMENT 'Configured feed of a switch',
    code LowCardinality(String) COMMENT 'Why the leg could not be rated',
    stage LowCardinality(String) COMMENT 'Stage that said so',
    arrived Int64 COMMENT 'Legs that came into suspense',
    recycled Int64 COMMENT 'Legs of these that have left it',
    waiting Int64 COMMENT 'Legs of these that still wait: arrived - recycled'
)
AS SELECT toDate(received_at) AS day, source, code, stage, sumIf(sign, sign > 0) AS arrived, -sumIf(sign, sign < 0) AS recycled, sum(sign) AS waiting
FROM suspended
GROUP BY day, source, code, stage
COMMENT 'Suspense by day of arrival and code, net of what was recycled';

CREATE VIEW duplicates_by_day
(
    day Date COMMENT 'Day of arrival, UTC',
    source LowCardinality(String) COMMENT 'Configured feed of a switch',
    legs Int64 COMMENT 'Legs that repeat an earlier one; none of them was charged'
)
AS SELECT toDate(received_at) AS day, source, toInt64(count()) AS legs
FROM duplicates
GROUP BY day, source
COMMENT 'Repeats by day of arrival and feed';

CREATE VIEW complete_up_to
(
    stream_id UInt32 COMMENT 'Stream',
    partition Int32 COMMENT 'Partition of the stream',
    batches Int64 COMMENT 'Batches',
    first_offset Int64 COMMENT 'First offset that was read',
    next_offset Int64 COMMENT 'Everything before this offset is in the tables',
    missing_offsets Int64 COMMENT '0; else so many offsets in between are in no batch (or, if negative, in two): tell operations',
    records Int64 COMMENT 'Records read',
    legs Int64 COMMENT 'Legs that they gave: rated, non-target, suspended, duplicate',
    complete_up_to DateTime64(3, 'UTC') COMMENT 'Latest message time that was read: everything sent before has arrived, but for what was sent out of order'
)
AS SELECT
    stream_id, partition, toInt64(count()) AS batches, min(from_offset) AS first_offset, max(b.next_offset) AS next_offset,
    next_offset - first_offset - sum(b.next_offset - from_offset) AS missing_offsets,
    sum(toInt64(b.records)) AS records,
    sum(toInt64(rated) + toInt64(non_target) + toInt64(suspended) + toInt64(duplicates)) AS legs,
    max(read_up_to) AS complete_up_to
FROM batches AS b
GROUP BY stream_id, partition
COMMENT 'How far the tables go, per partition: the whole is complete up to the least of them; a partition that nobody writes to stays behind';
