#!/bin/sh
# Starts the Temporal server with the password of its database from a file, which its image cannot read by itself.
set -eu

POSTGRES_PWD=$(cat "$POSTGRES_PWD_FILE")
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
