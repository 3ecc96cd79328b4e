-- Traffic and its quality. All figures are sums of the signed columns, so that differences and roll-backs count.
--
-- Seizure: an attempt that came to us, answered or not.
-- ASR, answer-seizure ratio (ITU-T E.411, E.425): answered seizures in all seizures, percent.
-- NER, network effectiveness ratio (ITU-T E.425): seizures that reached the far end in all seizures, percent: answered, user busy, ring no
--   answer, terminal rejection or unavailability. A caller who gives up counts as reached: what customers do is kept out of NER. A failed attempt
--   counts as reached by its cause (Q.850): 17 busy, 18 no user responding, 19 no answer, 20 subscriber absent, 21 rejected, 27 destination out of
--   order, under their numbers or the names that FreeSWITCH gives them.
-- ACD, average call duration (ITU-T E.437 calls it average length of conversation): seconds of conversation of answered seizures, each on average.

CREATE VIEW traffic_by_hour
(
    hour DateTime('UTC') COMMENT 'Hour of the set-up, UTC',
    service LowCardinality(String) COMMENT 'Rated service',
    direction LowCardinality(String) COMMENT 'Direction seen from our network: out, in',
    outcome LowCardinality(String) COMMENT 'What became of the legs: rated, non_target',
    legs Int64 COMMENT 'Legs; a call between two of our subscribers has two',
    answered Int64 COMMENT 'Legs that were answered',
    conversation_seconds Decimal(38, 3) COMMENT 'Seconds of conversation as reported',
    billed_seconds Int64 COMMENT 'Seconds charged retail',
    quantity Int64 COMMENT 'Pieces charged of events'
)
AS SELECT
    toDateTime(toStartOfHour(started_at), 'UTC') AS hour, service, direction, outcome,
    sum(calls) AS legs,
    sumIf(calls, disposition = 'answered') AS answered,
    toDecimal128(sumIf(calls * toInt64(duration_ms), disposition = 'answered' AND toInt8(service) <= 5), 3) / 1000 AS conversation_seconds,
    sum(seconds) AS billed_seconds,
    sum(calls * toInt64(quantity)) AS quantity
FROM calls
GROUP BY hour, service, direction, outcome
COMMENT 'Legs, answers and seconds by hour of the set-up and service';

CREATE VIEW quality
(
    day Date COMMENT 'Day of the answer, of the set-up if unanswered, in the zone of the issuer',
    source LowCardinality(String) COMMENT 'Configured feed of a switch',
    provider_id UInt32 COMMENT 'Carrier, 0 = not known',
    service LowCardinality(String) COMMENT 'Rated service; calls only',
    direction LowCardinality(String) COMMENT 'Direction seen from our network: out, in',
    destination LowCardinality(String) COMMENT 'Name of the destination in the numbering plan',
    country LowCardinality(String) COMMENT 'Country of the destination',
    seizures Int64 COMMENT 'Attempts',
    answered Int64 COMMENT 'Attempts that were answered',
    delivered Int64 COMMENT 'Attempts that reached the far end: answered, busy, not answered, given up by the caller, rejected there',
    conversation_ms Int64 COMMENT 'Conversation of answered attempts, milliseconds'
)
AS SELECT
    usage_day AS day, source, provider_id, service, direction, destination, country,
    sum(calls) AS seizures,
    sumIf(calls, disposition = 'answered') AS answered,
    sumIf(calls, disposition IN ('answered', 'no_answer', 'busy', 'cancelled') OR release_cause IN ('17', '18', '19', '20', '21', '27',
        'USER_BUSY', 'NO_USER_RESPONSE', 'NO_ANSWER', 'SUBSCRIBER_ABSENT', 'CALL_REJECTED', 'DESTINATION_OUT_OF_ORDER', 'USER_NOT_REGISTERED')) AS delivered,
    sumIf(calls * toInt64(duration_ms), disposition = 'answered') AS conversation_ms
FROM calls
WHERE outcome = 'rated' AND toInt8(service) <= 5
GROUP BY day, source, provider_id, service, direction, destination, country
COMMENT 'Counts behind ASR, NER and ACD, to be added up before they are divided; rated legs of calls';

CREATE VIEW quality_by_destination
(
    day Date COMMENT 'Day of the answer, of the set-up if unanswered, in the zone of the issuer',
    destination LowCardinality(String) COMMENT 'Name of the destination in the numbering plan',
    country LowCardinality(String) COMMENT 'Country of the destination',
    seizures Int64 COMMENT 'Attempts',
    answered Int64 COMMENT 'Attempts that were answered',
    delivered Int64 COMMENT 'Attempts that reached the far end',
    conversation_ms Int64 COMMENT 'Conversation, milliseconds',
    asr Nullable(Float64) COMMENT 'Answer-seizure ratio, percent (ITU-T E.411, E.425): answered / seizures',
    ner Nullable(Float64) COMMENT 'Network effectiveness ratio, percent (ITU-T E.425): delivered / seizures',
    acd Nullable(Float64) COMMENT 'Average call duration, seconds (ITU-T E.437): conversation / answered'
)
AS SELECT
    day, destination, country,
    sum(quality.seizures) AS seizures, sum(quality.answered) AS answered, sum(quality.delivered) AS delivered,
    sum(quality.conversation_ms) AS conversation_ms,
    if(seizures = 0, NULL, 100 * answered / seizures) AS asr,
    if(seizures = 0, NULL, 100 * delivered / seizures) AS ner,
    if(answered = 0, NULL, conversation_ms / 1000 / answered) AS acd
FROM quality
WHERE service IN ('outgoing', 'forwarded')
GROUP BY day, destination, country
HAVING seizures != 0
COMMENT 'ASR, NER and ACD of outgoing and forwarded calls by day and destination';

CREATE VIEW quality_by_provider
(
    day Date COMMENT 'Day of the answer, of the set-up if unanswered, in the zone of the issuer',
    provider_id UInt32 COMMENT 'Carrier, 0 = not known',
    direction LowCardinality(String) COMMENT 'out = what we hand over to the carrier, in = what it hands over to us',
    seizures Int64 COMMENT 'Attempts',
    answered Int64 COMMENT 'Attempts that were answered',
    delivered Int64 COMMENT 'Attempts that reached the far end',
    conversation_ms Int64 COMMENT 'Conversation, milliseconds',
    asr Nullable(Float64) COMMENT 'Answer-seizure ratio, percent (ITU-T E.411, E.425): answered / seizures',
    ner Nullable(Float64) COMMENT 'Network effectiveness ratio, percent (ITU-T E.425): delivered / seizures',
    acd Nullable(Float64) COMMENT 'Average call duration, seconds (ITU-T E.437): conversation / answered'
)
AS SELECT
    day, provider_id, direction,
    sum(quality.seizures) AS seizures, sum(quality.answered) AS answered, sum(quality.delivered) AS delivered,
    sum(quality.conversation_ms) AS conversation_ms,
    if(seizures = 0, NULL, 100 * answered / seizures) AS asr,
    if(seizures = 0, NULL, 100 * delivered / seizures) AS ner,
    if(answered = 0, NULL, conversation_ms / 1000 / answered) AS acd
FROM quality
GROUP BY day, provider_id, direction
HAVING seizures != 0
COMMENT 'ASR, NER and ACD by day, carrier and direction';

CREATE VIEW quality_by_source
(
    day Date COMMENT 'Day of the answer, of the set-up if unanswered, in the zone of the issuer',
    source LowCardinality(String) COMMENT 'Configured feed of a switch',
    direction LowCardinality(String) COMMENT 'Direction seen from our network: out, in',
    seizures Int64 COMMENT 'Attempts',
    answered Int64 COMMENT 'Attempts that were answered',
    delivered Int64 COMMENT 'Attempts that reached the far end',
    conversation_ms Int64 COMMENT 'Conversation, milliseconds',
    asr Nullable(Float64) COMMENT 'Answer-seizure ratio, percent (ITU-T E.411, E.425): answered / seizures',
    ner Nullable(Float64) COMMENT 'Network effectiveness ratio, percent (ITU-T E.425): delivered / seizures',
    acd Nullable(Float64) COMMENT 'Average call duration, seconds (ITU-T E.437): conversation / answered'
)
AS SELECT
    day, source, direction,
    sum(quality.seizures) AS seizures, sum(quality.answered) AS answered, sum(quality.delivered) AS delivered,
    sum(quality.conversation_ms) AS conversation_ms,
    if(seizures = 0, NULL, 100 * answered / seizures) AS asr,
    if(seizures = 0, NULL, 100 * delivered / seizures) AS ner,
    if(answered = 0, NULL, conversation_ms / 1000 / answered) AS acd
FROM quality
GROUP BY day, source, direction
HAVING seizures != 0
COMMENT 'ASR, NER and ACD by day, feed and direction';
