"""MEMORY: PostgreSQL and nothing else. Functions take a Connection, return frozen schemas, never commit."""
