DROP INDEX responses_by_order;
