-- What is earned, what is lost, who owes what. Money of different currencies is never added up: currencies are columns of every key.

CREATE VIEW margin
(
    day Date COMMENT 'Day of the answer, of the set-up if unanswered, in the zone of the issuer',
    destination LowCardinality(String) COMMENT 'Name of the destination in the numbering plan',
    country LowCardinality(String) COMMENT 'Country of the destination',
    provider_id UInt32 COMMENT 'Carrier, 0 = not known',
    service LowCardinality(String) COMMENT 'Rated service',
    currency LowCardinality(String) COMMENT 'Currency of the account; of the cost where nobody pays',
    cost_currency LowCardinality(String) COMMENT 'Currency of the cost; of the account where nothing is paid to a carrier',
    legs Int64 COMMENT 'Legs',
    seconds Int64 COMMENT 'Billed seconds',
    net Decimal(38, 9) COMMENT 'Retail without tax',
    cost Decimal(38, 9) COMMENT 'Wholesale'
)
AS SELECT
    usage_day AS day, destination, country, provider_id, service,
    if(c.currency = '', c.wholesale_cost_currency, c.currency) AS currency,
    if(c.wholesale_cost_currency = '', c.currency, c.wholesale_cost_currency) AS cost_currency,
    sum(c.calls) AS legs, sum(c.seconds) AS seconds, sum(c.net) AS net, sum(c.wholesale_cost) AS cost
FROM calls AS c
WHERE outcome = 'rated'
GROUP BY day, destination, country, provider_id, service, currency, cost_currency
COMMENT 'Retail without tax and wholesale, to be added up';

CREATE VIEW margin_by_destination
(
    day Date COMMENT 'Day of the answer, of the set-up if unanswered, in the zone of the issuer',
    destination LowCardinality(String) COMMENT 'Name of the destination in the numbering plan',
    country LowCardinality(String) COMMENT 'Country of the destination',
    currency LowCardinality(String) COMMENT 'Currency of the retail amount',
    cost_currency LowCardinality(String) COMMENT 'Currency of the cost',
    legs Int64 COMMENT 'Legs',
    seconds Int64 COMMENT 'Billed seconds',
    net Decimal(38, 9) COMMENT 'Retail without tax',
    cost Decimal(38, 9) COMMENT 'Wholesale',
    margin Nullable(Decimal(38, 9)) COMMENT 'net - cost; NULL where the currencies differ, for no rate was known'
)
AS SELECT
    day, destination, country, currency, cost_currency,
    sum(m.legs) AS legs, sum(m.seconds) AS seconds, sum(m.net) AS net, sum(m.cost) AS cost, if(currency = cost_currency, net - cost, NULL) AS margin
FROM margin AS m
GROUP BY day, destination, country, currency, cost_currency
COMMENT 'Margin by day and destination: retail without tax less wholesale';

CREATE VIEW margin_by_provider
(
    day Date COMMENT 'Day of the answer, of the set-up if unanswered, in the zone of the issuer',
    provider_id UInt32 COMMENT 'Carrier, 0 = not known',
    service LowCardinality(String) COMMENT 'Rated service',
    currency LowCardinality(String) COMMENT 'Currency of the retail amount',
    cost_currency LowCardinality(String) COMMENT 'Currency of the cost',
    legs Int64 COMMENT 'Legs',
    seconds Int64 COMMENT 'Billed seconds',
    net Decimal(38, 9) COMMENT 'Retail without tax',
    cost Decimal(38, 9) COMMENT 'Wholesale',
    margin Nullable(Decimal(38, 9)) COMMENT 'net - cost; NULL where the currencies differ, for no rate was known'
)
AS SELECT
    day, provider_id, service, currency, cost_currency,
    sum(m.legs) AS legs, sum(m.seconds) AS seconds, sum(m.net) AS net, sum(m.cost) AS cost, if(currency = cost_currency, net - cost, NULL) AS margin
FROM margin AS m
GROUP BY day, provider_id, service, currency, cost_currency
COMMENT 'Margin by day, carrier and service: retail without tax less wholesale';

CREATE VIEW leakage
(
    day Date COMMENT 'Day of the answer in the zone of the issuer; of records in suspense: day of arrival, UTC',
    kind LowCardinality(String) COMMENT 'zero_price = the price list says 0; lock_breach = in spite of a lock, and free; emergency = free by law; wholesale_missing = the carrier has no price, the cost is not known; suspended = in suspense, neither side is known',
    code LowCardinality(String) COMMENT 'Code of the suspense; else empty',
    provider_id UInt32 COMMENT 'Carrier, 0 = not known',
    destination LowCardinality(String) COMMENT 'Name of the destination in the numbering plan; empty = not known',
    legs Int64 COMMENT 'Legs',
    conversation_ms Int64 COMMENT 'Conversation, milliseconds',
    cost Decimal(38, 9) COMMENT 'Wholesale that nobody pays for',
    cost_currency LowCardinality(String) COMMENT 'Currency of the cost; empty = not known'
)
AS SELECT
    leg.day AS day, leg.kind AS kind, '' AS code, leg.carrier AS provider_id, leg.destination_name AS destination,
    toInt64(count()) AS legs, sum(leg.ms) AS conversation_ms, sum(leg_cost) AS cost, leg_currency AS cost_currency
FROM
(
    -- The rows of one leg together: what was free may have been priced since.
    SELECT
        any(usage_day) AS day,
        argMax(provider_id, revision) AS carrier,
        argMax(destination, revision) AS destination_name,
        toInt64(argMax(duration_ms, revision)) AS ms,
        argMax(wholesale_missing, revision) AS unknown,
        multiIf(unknown, 'wholesale_missing', argMax(emergency, revision), 'emergency', argMax(lock_breach, revision), 'lock_breach', 'zero_price') AS kind,
        sumMap([wholesale_cost_currency], [wholesale_cost]) AS costs
    FROM calls
    WHERE outcome = 'rated'
    GROUP BY account_id, started_at, identity
    HAVING sum(calls) > 0 AND (unknown OR (sum(gross) = 0 AND argMax(seconds_covered, revision) = 0 AND notEmpty(tupleElement(costs, 1))))
) AS leg
LEFT ARRAY JOIN tupleElement(leg.costs, 1) AS leg_currency, tupleElement(leg.costs, 2) AS leg_cost
GROUP BY day, kind, provider_id, destination, cost_currency
UNION ALL
SELECT toDate(received_at) AS day, 'suspended' AS kind, code, 0 AS provider_id, '' AS destination, sum(sign) AS legs, 0 AS conversation_ms, 0 AS cost, '' AS cost_currency
FROM suspended
GROUP BY day, code
HAVING legs != 0
COMMENT 'Wholesale that is paid, or may be, without retail. What a bundle covered is paid by its fee and is none; a leg priced in re-rating drops out';

CREATE VIEW charges_by_month
(
    account_id UInt64 COMMENT 'Account that pays',
    client_id UInt64 COMMENT 'Client of the account',
    month Date COMMENT 'First day of the month the legs are booked into, as on the invoice',
    usage_month Date COMMENT 'First day of the month of the answer; earlier than month for what came late',
    service LowCardinality(String) COMMENT 'Rated service',
    currency LowCardinality(String) COMMENT 'Currency of the account',
    tax_rate Decimal(9, 2) COMMENT 'Tax inside the gross amount, percent',
    legs Int64 COMMENT 'Legs',
    seconds Int64 COMMENT 'Billed seconds',
    quantity Int64 COMMENT 'Pieces charged of events',
    gross Decimal(38, 9) COMMENT 'Retail with tax',
    net Decimal(38, 9) COMMENT 'Retail without tax'
)
AS SELECT
    account_id, client_id, period AS month, toStartOfMonth(usage_day) AS usage_month, service, currency, tax_rate,
    sum(c.calls) AS legs, sum(c.seconds) AS seconds, sum(c.calls * toInt64(c.quantity)) AS quantity, sum(c.gross) AS gross, sum(c.net) AS net
FROM calls AS c
WHERE outcome = 'rated' AND account_id != 0
GROUP BY account_id, client_id, month, usage_month, service, currency, tax_rate
COMMENT 'Traffic and what it costs by account and month (M46); fees are no calls and not in it';
