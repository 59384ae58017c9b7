#!/usr/bin/env bash
# Creates the roles of the development database when it is initialized; database/provision.sh creates those of a real one.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v owner="$OWNER_PASSWORD" -v writer="$WRITER_PASSWORD" -v reader="$READER_PASSWORD" <<'SQL'
CREATE ROLE dummy_owner LOGIN PASSWORD :'owner';
CREATE ROLE dummy_writer LOGIN PASSWORD :'writer';
CREATE ROLE dummy_reader LOGIN PASSWORD :'reader';
ALTER DATABASE dummy OWNER TO dummy_owner;
SQL
