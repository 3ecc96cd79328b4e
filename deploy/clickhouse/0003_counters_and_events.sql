-- What a leg took from bundles and added to volumes; events that are priced by pieces.

ALTER TABLE calls
    MODIFY COLUMN service Enum8('outgoing' = 1, 'incoming' = 2, 'tollfree' = 3, 'forwarded' = 4, 'internal' = 5, 'message' = 6, 'data' = 7, 'CALLS_REC' = 8, 'CALLS_REC_UNLIM' = 9) COMMENT 'Rated service',
    ADD COLUMN quantity UInt64 COMMENT 'Pieces charged of an event (messages, kilobytes, recorded minutes), 0 = a call' AFTER billed_seconds,
    DROP COLUMN bundle_id,
    DROP COLUMN counter_before,
    MODIFY COLUMN seconds_covered UInt64 COMMENT 'Seconds or pieces that bundles covered',
    ADD COLUMN counter_ids Array(UInt32) COMMENT 'Counters that the leg moved: bundles in the order in which they were used, then the volume' AFTER seconds_covered,
    ADD COLUMN counter_periods Array(Date) COMMENT 'First day of the period of each counter' AFTER counter_ids,
    ADD COLUMN counters_before Array(UInt64) COMMENT 'Where each counter stood before the leg' AFTER counter_periods,
    ADD COLUMN counters_added Array(UInt64) COMMENT 'What the leg added to each counter' AFTER counters_before;
