-- RU: Какие источники присылают одно и то же дважды?
-- EN: Which feeds send the same thing twice?

SELECT source, sum(legs) AS repeats, min(day) AS first_day, max(day) AS last_day
FROM duplicates_by_day
GROUP BY source
ORDER BY repeats DESC, source;
