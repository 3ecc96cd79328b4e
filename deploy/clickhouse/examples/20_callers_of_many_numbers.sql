-- RU: Какие номера обзванивают много разных абонентов (признак автообзвона или взлома)?
-- EN: Which numbers call many different numbers (a sign of a dialler, or of a break-in)?

SELECT src, any(account_id) AS an_account, uniqExact(dst) AS called_numbers, sum(calls) AS legs, sum(seconds) AS billed_seconds
FROM calls_masked
WHERE direction = 'out' AND src != ''
GROUP BY src
HAVING legs > 0
ORDER BY called_numbers DESC, src;
