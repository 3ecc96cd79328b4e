-- RU: Какие направления проданы дешевле, чем куплены?
-- EN: Which destinations were sold for less than they cost?

SELECT destination, country, currency, sum(legs) AS legs, sum(net) AS retail, sum(cost) AS wholesale, sum(margin) AS earned
FROM margin_by_destination
WHERE currency = cost_currency
GROUP BY destination, country, currency
HAVING earned < 0
ORDER BY currency, earned, destination;
