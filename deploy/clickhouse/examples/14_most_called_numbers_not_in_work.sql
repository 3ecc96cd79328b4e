-- RU: На какие номера вне работы звонят больше всего и сколько там разных звонящих?
-- EN: Which numbers that nobody has are called most, and by how many different callers a day at most?

SELECT did, sum(calls) AS calls_to_it, max(callers) AS most_callers_a_day, count() AS days_with_calls
FROM non_target_by_day
GROUP BY did
ORDER BY calls_to_it DESC, did;
