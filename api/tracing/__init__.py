"""Reply pages about hold requests, and routes about discrepancies."""
