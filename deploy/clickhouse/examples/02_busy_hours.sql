-- RU: В какие часы недели по московскому времени нагрузка наибольшая?
-- EN: Which hours of the week, Moscow time, are the busiest?

SELECT toDayOfWeek(local) AS weekday, toHour(local) AS hour_of_day, sum(of_hour) AS legs, round(legs / uniqExact(toDate(local)), 1) AS legs_a_day
FROM (SELECT toTimeZone(hour, 'Europe/Moscow') AS local, legs AS of_hour FROM traffic_by_hour WHERE direction = 'out')
GROUP BY weekday, hour_of_day
ORDER BY legs_a_day DESC, weekday, hour_of_day;
