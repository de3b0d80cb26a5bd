#!/bin/sh
# Creates Temporal's two databases, or updates them to the version of this image. Safe to run again.
# The connection comes from SQL_HOST, SQL_PORT, SQL_USER and SQL_PLUGIN, the password from the file SQL_PASSWORD_FILE.
set -eu

SQL_PASSWORD=$(cat "$SQL_PASSWORD_FILE")
export SQL_PASSWORD

schemas=/etc/temporal/schema/postgresql/v12

prepare() {
    temporal-sql-tool --database "$1" create-database
    temporal-sql-tool --database "$1" setup-schema --version 0.0
    temporal-sql-tool --database "$1" update-schema --schema-dir "$schemas/$2/versioned"
}

prepare temporal temporal
prepare temporal_visibility visibility
