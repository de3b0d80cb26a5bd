"""Drafts of complaints: kept while a caller tells, sent in two strokes, and opened by missed calls."""
