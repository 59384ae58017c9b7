-- no transaction
-- Has PostgreSQL look at the older rows too, beside readers and writers.
ALTER TABLE dummies VALIDATE CONSTRAINT dummies_erased;
