"""DOORS: one resource a file. Translates between HTTP and the hands, never decides."""
