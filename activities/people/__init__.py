"""People who complain: the public form, drafts, their own case, and what they say of it."""
