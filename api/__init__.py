"""HTTP API: one resource in one file. Translates between HTTP and the activities, and decides nothing itself."""
