-- Whose rights the views have: nobody can log in as it. Whoever may read a view needs no right to the tables below it.

CREATE USER IF NOT EXISTS tollgate_views NOT IDENTIFIED HOST NONE;
GRANT SELECT ON batches TO tollgate_views;
GRANT SELECT ON calls TO tollgate_views;
GRANT SELECT ON duplicates TO tollgate_views;
GRANT SELECT ON mask_keys TO tollgate_views;
GRANT SELECT ON suspended TO tollgate_views;
GRANT SELECT ON margin TO tollgate_views;
GRANT SELECT ON quality TO tollgate_views;

ALTER TABLE calls_in_clear MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE calls_masked MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE charges_by_month MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE complete_up_to MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE duplicates_by_day MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE leakage MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE margin MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE margin_by_destination MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE margin_by_provider MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE non_target_by_day MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE quality MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE quality_by_destination MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE quality_by_provider MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE quality_by_source MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE suspense_by_code MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
ALTER TABLE traffic_by_hour MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;
