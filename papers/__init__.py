"""Papers: what the law asks to be written, set in type in two languages."""
