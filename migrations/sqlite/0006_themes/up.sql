-- What the card is drawn with, as JSON.
ALTER TABLE sites ADD COLUMN theme TEXT;
