-- RU: Сколько плеч, ответов и минут было в каждый час последних семи дней?
-- EN: How many legs, answers and minutes were there in each hour of the last seven days?

SELECT hour, sum(legs) AS legs, sum(answered) AS answered, sum(billed_seconds) AS billed_seconds, round(toFloat64(sum(conversation_seconds)) / 60, 1) AS minutes
FROM traffic_by_hour
WHERE hour >= toDateTime(today() - 7, 'UTC')
GROUP BY hour
ORDER BY hour;
