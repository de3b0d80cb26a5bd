"""Officers: sign-in, teams, roles, the read log, and who changed what."""
