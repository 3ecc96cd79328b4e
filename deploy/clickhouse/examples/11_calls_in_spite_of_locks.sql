-- RU: У кого прошли звонки вопреки запретам и сколько это стоило?
-- EN: Whose calls went through in spite of locks, and what did they cost?

SELECT account_id, lock_id, sum(calls) AS legs, currency, sum(gross) AS charged, wholesale_cost_currency AS cost_currency, sum(wholesale_cost) AS wholesale
FROM calls_masked
WHERE lock_breach
GROUP BY account_id, lock_id, currency, cost_currency
HAVING legs != 0
ORDER BY legs DESC, account_id, lock_id;
