-- RU: Не просело ли качество у одного из коммутаторов: ASR и NER по источникам и дням?
-- EN: Has one of the switches become worse: ASR and NER by feed and day?

SELECT source, day, sum(seizures) AS attempts, sum(delivered) AS reached, round(100 * sum(answered) / attempts, 1) AS asr_percent,
    round(100 * reached / attempts, 1) AS ner_percent
FROM quality_by_source
GROUP BY source, day
ORDER BY source, day;
