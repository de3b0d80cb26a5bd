"""Processes of the engine: settings, Temporal client, entry points, embedded services and the command line."""
