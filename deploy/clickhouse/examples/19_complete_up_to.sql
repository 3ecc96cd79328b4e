-- RU: По какое время таблицы полны и нет ли в них дыр?
-- EN: Up to when are the tables complete, and is anything missing in between?

SELECT min(w.complete_up_to) AS complete_up_to, sum(w.missing_offsets) AS missing, sum(w.records) AS records_read, sum(w.legs) AS legs_made, count() AS partitions
FROM complete_up_to AS w;
