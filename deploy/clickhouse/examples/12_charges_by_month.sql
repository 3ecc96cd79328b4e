-- RU: Сколько начислено каждому лицевому счёту за трафик по месяцам?
-- EN: What was each account charged for traffic, month by month?

SELECT account_id, month, currency, sum(legs) AS legs, sum(gross) AS charged, sum(net) AS without_tax, charged - without_tax AS tax
FROM charges_by_month
GROUP BY account_id, month, currency
ORDER BY account_id, month, currency;
