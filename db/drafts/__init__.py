"""Drafts of complaints, and what the complaint of a draft states later."""
