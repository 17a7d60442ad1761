ALTER TABLE sites DROP COLUMN mail_personal;
