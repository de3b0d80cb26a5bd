"""Pages for everybody: the doors, the complaint of a victim, and what all public pages share."""
