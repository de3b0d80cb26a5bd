"""Administration by two admins: what each change does, and the decision."""
