"""Officers: adding and changing them and their teams, and tokens of scripts."""
