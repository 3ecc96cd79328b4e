-- RU: Сколько приносит трафик каждого оператора связи, и где валюты продажи и закупки разные?
-- EN: What does the traffic of each carrier bring, and where do the currencies of retail and cost differ?

SELECT provider_id, currency, cost_currency, sum(legs) AS legs, sum(net) AS retail, sum(cost) AS wholesale, if(currency = cost_currency, toNullable(retail - wholesale), NULL) AS earned
FROM margin_by_provider
GROUP BY provider_id, currency, cost_currency
ORDER BY provider_id, currency, cost_currency;
