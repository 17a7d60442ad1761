-- The site's wording for the widget's own words, as JSON.
ALTER TABLE sites ADD COLUMN words TEXT;
