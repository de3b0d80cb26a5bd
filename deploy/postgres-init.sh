#!/bin/bash
# Runs once, when the database cluster is created. One role owns the product's database and another works in it; neither
# is a superuser.
set -euo pipefail

owner=$(cat "$GOLDENHOUR_OWNER_PASSWORD_FILE")
application=$(cat "$GOLDENHOUR_DB_PASSWORD_FILE")
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=owner="$owner" --set=application="$application" \
    --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE goldenhour LOGIN PASSWORD :'owner';
CREATE ROLE goldenhour_app LOGIN PASSWORD :'application';
CREATE DATABASE goldenhour OWNER goldenhour;
CREATE EXTENSION pg_stat_statements;
SQL
