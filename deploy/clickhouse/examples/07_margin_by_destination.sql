-- RU: Сколько мы заработали на каждом направлении с начала прошлого месяца?
-- EN: What have we earned on each destination since the beginning of last month?

SELECT destination, country, currency, sum(net) AS retail, sum(cost) AS wholesale, sum(margin) AS earned, round(100 * toFloat64(earned) / nullIf(toFloat64(retail), 0), 1) AS percent
FROM margin_by_destination
WHERE day >= toStartOfMonth(today()) - INTERVAL 1 MONTH AND currency = cost_currency
GROUP BY destination, country, currency
ORDER BY currency, earned DESC, destination;
