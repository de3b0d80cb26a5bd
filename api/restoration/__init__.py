"""Routes about restorations, and about the accounts of victims that are credited."""
