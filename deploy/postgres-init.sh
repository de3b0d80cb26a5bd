#!/bin/bash
# Runs once, when the database cluster is made: the product's role owns its database and is no superuser.
set -euo pipefail

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=password="$GOLDENHOUR_DB_PASSWORD" \
    --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE goldenhour LOGIN PASSWORD :'password';
CREATE DATABASE goldenhour OWNER goldenhour;
CREATE EXTENSION pg_stat_statements;
SQL
