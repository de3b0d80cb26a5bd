#!/bin/sh
# Creates the namespace TEMPORAL_NAMESPACE at TEMPORAL_ADDRESS, with its search attributes. Safe to run again.
# RETENTION is how long the history of a closed workflow is kept.
set -eu

if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi

# Some parts of the server learn of a new namespace only after a moment.
tries=30
until known=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE"); do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || exit 1
    sleep 1
done

attribute() {
    if ! printf '%s\n' "$known" | grep -qw "$1"; then
        temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$1" --type "$2"
    fi
}

attribute District Keyword
attribute AmountPaise Int
