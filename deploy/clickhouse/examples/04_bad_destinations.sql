-- RU: На каких направлениях из двадцати и более попыток ответа чаще всего нет (ASR), и сеть ли тому виной (NER)?
-- EN: Which destinations with twenty attempts or more are answered least (ASR), and is it the network's fault (NER)?

SELECT destination, country, sum(seizures) AS attempts, round(100 * sum(answered) / attempts, 1) AS asr_percent, round(100 * sum(delivered) / attempts, 1) AS ner_percent
FROM quality_by_destination
WHERE day >= today() - 30
GROUP BY destination, country
HAVING attempts >= 20
ORDER BY asr_percent, destination;
