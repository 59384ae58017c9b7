-- The table of stored strings, and what each role may do with it.
-- The roles dummy_writer and dummy_reader must exist; whoever runs this owns the table.

CREATE TABLE dummies (
    id uuid PRIMARY KEY,
    text text NOT NULL CHECK (text <> ''),
    received_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- history pages by it: ids are not ordered, and clocks differ
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE
);

REVOKE ALL ON dummies FROM PUBLIC;
-- ON CONFLICT (id) reads the id, and nothing else
GRANT INSERT (id, text, received_at), SELECT (id) ON dummies TO dummy_writer;
GRANT SELECT ON dummies TO dummy_reader;
