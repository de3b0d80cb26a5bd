"""Officers: sign-in, teams, roles, the read log, and administration by two admins."""
