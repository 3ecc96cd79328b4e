-- RU: Какую долю плеч каждый источник отправляет в разбор (тревога от двадцати процентов)?
-- EN: Which share of its legs does each feed send into suspense (twenty percent is an alarm)?

SELECT source, sum(rated) AS rated_legs, sum(waits) AS suspended_legs, round(100 * suspended_legs / nullIf(rated_legs + suspended_legs, 0), 2) AS percent
FROM
(
    SELECT source, seizures AS rated, 0 AS waits FROM quality_by_source
    UNION ALL
    SELECT source, 0 AS rated, arrived AS waits FROM suspense_by_code
)
GROUP BY source
ORDER BY percent DESC, source;
