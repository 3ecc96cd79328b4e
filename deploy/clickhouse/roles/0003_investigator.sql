-- Investigators: what analysts see, and calls in clear for a reason. The reason is a parameter of the view, so it stands in the query log with
-- the query that it was given for; the log cannot be switched off or cut short by them (A41).

CREATE ROLE IF NOT EXISTS investigator;
GRANT analyst TO investigator;
GRANT SELECT ON calls_in_clear TO investigator;

CREATE SETTINGS PROFILE IF NOT EXISTS tollgate_investigator SETTINGS
    readonly = 2,
    log_queries = 1 CONST,
    log_queries_probability = 1 CONST,
    log_queries_min_query_duration_ms = 0 CONST,
    log_queries_min_type = 'QUERY_START' CONST,
    log_queries_cut_to_length = 1000000 CONST,
    max_query_size = 262144 CONST
TO investigator;

-- Who looked at what, when and why. The server makes system.query_log with the first query; SYSTEM FLUSH LOGS makes it at once.
SYSTEM FLUSH LOGS;
GRANT SELECT ON system.query_log TO tollgate_views;
CREATE OR REPLACE VIEW investigations
(
    at DateTime('UTC') COMMENT 'Begin of the query',
    person String COMMENT 'Who was logged in',
    reason String COMMENT 'Reason, as it was given',
    query String COMMENT 'The whole query',
    rows_returned UInt64 COMMENT 'Rows that it gave; 0 while it runs or when it failed',
    failure String COMMENT 'What the server said against it; empty = nothing'
)
DEFINER = tollgate_views SQL SECURITY DEFINER
AS SELECT
    toDateTime(query_start_time, 'UTC') AS at, initial_user AS person,
    extract(query, '(?i)calls_in_clear\\s*\\(\\s*reason\\s*=\\s*\'((?:[^\'\\\\]|\\\\.|\'\')*)\'') AS reason,
    query, result_rows AS rows_returned, exception AS failure
FROM system.query_log
WHERE position(query, 'calls_in_clear') > 0 AND is_initial_query AND query_kind != 'Grant'
COMMENT 'Every query that named calls_in_clear: one line at its begin, one at its end';

CREATE ROLE IF NOT EXISTS auditor;
GRANT SELECT ON investigations TO auditor;
