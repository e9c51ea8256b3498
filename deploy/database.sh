#!/bin/sh
# Run once by the PostgreSQL image: our role, no superuser, and the database that it owns.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$LIVETILL_PASSWORD" -U "$POSTGRES_USER" -d postgres <<'SQL'
CREATE ROLE livetill LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE livetill OWNER livetill ENCODING 'UTF8' TEMPLATE template0;
SQL
