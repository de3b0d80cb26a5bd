"""Officers: persons and their roles, teams, callers of the API, tokens of scripts."""
