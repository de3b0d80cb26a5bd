"""Import of complaints from a file: read it, store its complaints, and report the result of every row."""
