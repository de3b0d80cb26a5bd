"""Drafts of complaints: what a draft lacks, the complaint that it becomes, and messages of banks as they are read."""
