-- The second lock: also with a right to a table, analysts and investigators see no row of it. Views are not concerned, they read as their definer.

CREATE ROW POLICY IF NOT EXISTS tollgate_everybody ON calls USING 1 TO ALL;
CREATE ROW POLICY IF NOT EXISTS tollgate_not_people ON calls AS RESTRICTIVE USING 0 TO analyst, investigator;
CREATE ROW POLICY IF NOT EXISTS tollgate_everybody ON duplicates USING 1 TO ALL;
CREATE ROW POLICY IF NOT EXISTS tollgate_not_people ON duplicates AS RESTRICTIVE USING 0 TO analyst, investigator;
CREATE ROW POLICY IF NOT EXISTS tollgate_everybody ON mask_keys USING 1 TO ALL;
CREATE ROW POLICY IF NOT EXISTS tollgate_not_people ON mask_keys AS RESTRICTIVE USING 0 TO analyst, investigator;
CREATE ROW POLICY IF NOT EXISTS tollgate_everybody ON suspended USING 1 TO ALL;
CREATE ROW POLICY IF NOT EXISTS tollgate_not_people ON suspended AS RESTRICTIVE USING 0 TO analyst, investigator;
