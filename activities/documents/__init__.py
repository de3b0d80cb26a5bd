"""Documents: due documents, their facts, and issuing."""
