-- What the group tells of: alerts, cases that nobody has taken, or customers who were not answered in time.
ALTER TABLE alert_groups ADD COLUMN kind TEXT NOT NULL DEFAULT 'alert';
