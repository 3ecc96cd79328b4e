-- RU: Как операторы связи отличаются по ASR, NER и средней длительности разговора (ACD)?
-- EN: How do carriers compare by ASR, NER and average call duration (ACD)?

SELECT provider_id, direction, sum(seizures) AS attempts, sum(answered) AS answers, sum(conversation_ms) AS talk_ms,
    round(100 * answers / attempts, 1) AS asr_percent, round(100 * sum(delivered) / attempts, 1) AS ner_percent,
    round(talk_ms / 1000 / nullIf(answers, 0), 1) AS acd_seconds
FROM quality_by_provider
WHERE provider_id != 0
GROUP BY provider_id, direction
ORDER BY provider_id, direction;
