-- What the provider charges, in the currency of the books.

ALTER TABLE calls
    ADD COLUMN wholesale_cost Decimal(18, 9) COMMENT 'What the provider charges us, in the currency of wholesale_cost_currency: the issuer''s at the general rate of the day, or the list''s where there is no rate' AFTER wholesale_currency,
    ADD COLUMN wholesale_cost_currency LowCardinality(String) COMMENT 'Currency of the wholesale cost' AFTER wholesale_cost;
