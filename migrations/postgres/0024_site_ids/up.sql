-- An identity never gives a number a second time.
SELECT 1;
