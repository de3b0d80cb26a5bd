#!/bin/bash
# Starts PostgreSQL with its private key in a file that it accepts: owned by its user and readable by nobody else.
set -euo pipefail

install --mode=0600 --owner=postgres --group=postgres /run/secrets/postgres_private_key /var/run/postgresql/server.key
exec docker-entrypoint.sh "$@"
