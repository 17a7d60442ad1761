-- Whether mails to staff hold what a customer wrote, and who that is.
ALTER TABLE sites ADD COLUMN mail_personal BOOLEAN NOT NULL DEFAULT TRUE;
