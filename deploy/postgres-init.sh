#!/bin/bash
# Runs once, when the database cluster is created. One role owns the product's database and another works in it; neither
# is a superuser.
set -euo pipefail

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=owner="$GOLDENHOUR_OWNER_PASSWORD" \
    --set=application="$GOLDENHOUR_DB_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE goldenhour LOGIN PASSWORD :'owner';
CREATE ROLE goldenhour_app LOGIN PASSWORD :'application';
CREATE DATABASE goldenhour OWNER goldenhour;
CREATE EXTENSION pg_stat_statements;
SQL
