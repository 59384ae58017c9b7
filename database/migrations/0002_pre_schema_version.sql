-- Lets a worker and an API see whether the schema has what their code needs, before they begin.

GRANT SELECT (version) ON schema_migrations TO dummy_writer, dummy_reader;
