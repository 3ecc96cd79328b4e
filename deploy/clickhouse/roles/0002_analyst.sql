-- Analysts: every view but those in clear, and no table (A41).

CREATE ROLE IF NOT EXISTS analyst;
GRANT SELECT ON calls_masked TO analyst;
GRANT SELECT ON charges_by_month TO analyst;
GRANT SELECT ON complete_up_to TO analyst;
GRANT SELECT ON duplicates_by_day TO analyst;
GRANT SELECT ON leakage TO analyst;
GRANT SELECT ON margin TO analyst;
GRANT SELECT ON margin_by_destination TO analyst;
GRANT SELECT ON margin_by_provider TO analyst;
GRANT SELECT ON non_target_by_day TO analyst;
GRANT SELECT ON quality TO analyst;
GRANT SELECT ON quality_by_destination TO analyst;
GRANT SELECT ON quality_by_provider TO analyst;
GRANT SELECT ON quality_by_source TO analyst;
GRANT SELECT ON suspense_by_code TO analyst;
GRANT SELECT ON traffic_by_hour TO analyst;

-- readonly = 2: no writing and no DDL. Views stay closed boxes.
CREATE SETTINGS PROFILE IF NOT EXISTS tollgate_analyst SETTINGS readonly = 2, analyzer_inline_views = 0 CONST, log_queries = 1 CONST TO analyst;
