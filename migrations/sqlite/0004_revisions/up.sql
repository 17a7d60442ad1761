-- A response may be stored before the customer has finished, and again as it grows: of all that comes under one id the
-- highest revision counts. What was stored before this is complete.
ALTER TABLE responses ADD COLUMN complete INTEGER NOT NULL DEFAULT 1;
ALTER TABLE responses ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
