-- Nothing: the words lie beside the responses, and are never lost alone.
SELECT 1;
