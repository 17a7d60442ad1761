DROP TABLE triage_queue;
