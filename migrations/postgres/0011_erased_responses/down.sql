DROP TABLE erased_responses;
