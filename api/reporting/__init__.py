"""Routes about restoration figures, scorecards and the call list."""
