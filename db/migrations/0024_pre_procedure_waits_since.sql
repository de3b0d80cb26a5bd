-- The longest deferral counts from the work that began the procedure, and not anew for each step.
COMMENT ON COLUMN procedure.created_at IS
    'since when the work of the procedure waits: if it follows from other work that waited, since then';
COMMENT ON COLUMN procedure_news.created_at IS
    'since when the change waits: if it follows from other work that waited, since then';
