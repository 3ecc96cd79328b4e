-- RU: На какие номера вне работы не звонили последние 30 дней, хотя раньше звонили?
-- EN: Which numbers that nobody has were called once, but not within the last 30 days?

SELECT did, max(day) AS last_call, sum(calls) AS calls_before
FROM non_target_by_day
GROUP BY did
HAVING last_call < today() - 30
ORDER BY last_call, did;
