-- RU: Что ждёт разбора, по каким причинам и с какого дня?
-- EN: What waits in suspense, for which reasons, and since which day?

SELECT code, stage, sum(waiting) AS legs, minIf(day, waiting > 0) AS oldest, sum(arrived) AS came, sum(recycled) AS gone
FROM suspense_by_code
GROUP BY code, stage
ORDER BY legs DESC, code, stage;
