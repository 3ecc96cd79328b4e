-- RU: Куда звонят больше всего: двадцать направлений по тарифицированным минутам за 30 дней?
-- EN: Where do calls go most: twenty destinations by billed minutes in 30 days?

SELECT destination, country, sum(legs) AS legs, sum(seconds) AS billed_seconds, round(billed_seconds / 60) AS minutes
FROM margin_by_destination
WHERE day >= today() - 30
GROUP BY destination, country
ORDER BY billed_seconds DESC, destination
LIMIT 20;
