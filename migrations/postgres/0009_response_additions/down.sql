DROP TABLE response_additions;
