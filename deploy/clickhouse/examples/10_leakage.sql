-- RU: Сколько плеч мы оплачиваем или можем оплатить оператору, не получив ничего от клиента, и почему?
-- EN: For how many legs do we pay the carrier, or may have to, and get nothing from the customer, and why?

SELECT kind, code, cost_currency, sum(legs) AS legs, round(sum(conversation_ms) / 60000, 1) AS minutes, sum(cost) AS wholesale
FROM leakage
GROUP BY kind, code, cost_currency
ORDER BY kind, code, cost_currency;
