-- What a customer says about an order, found by its number: a handful among millions.
CREATE INDEX responses_by_order ON responses (site_id, order_ref, created_at, response_id) WHERE order_ref IS NOT NULL;
