"""Access to PostgreSQL. Functions take a Connection, return frozen models, and leave the commit to the caller."""
