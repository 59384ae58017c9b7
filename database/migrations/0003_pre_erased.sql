-- Lets the owner erase a text: its row stays, so that whatever brings the string again stores nothing.
-- Who waits for the table's lock holds up everyone who comes later: so it is tried for less than a reader waits (1.5 s).

SET LOCAL lock_timeout = '1s';
ALTER TABLE dummies
    ADD COLUMN erased_at timestamptz,
    DROP CONSTRAINT dummies_text_check,
    -- NOT VALID: older rows fulfil it, and need not be looked at while the table is locked
    ADD CONSTRAINT dummies_erased CHECK ((text = '') = (erased_at IS NOT NULL)) NOT VALID;
