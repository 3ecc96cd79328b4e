-- RU: Что пришло после закрытия месяца и попало в счёт за более поздний?
-- EN: What came after its month was closed and went into a later invoice?

SELECT usage_month, month, currency, sum(legs) AS legs, sum(gross) AS charged
FROM charges_by_month
WHERE usage_month < month
GROUP BY usage_month, month, currency
ORDER BY usage_month, month, currency;
