"""The page about a victim's own complaint: its rows, and the codes that open it and sign."""
