"""Routes about cases: case views, accounts, the case log, and the work of the desk."""
