"""The generated reference in docs/reference/: tables, triggers, states, routes, policy, metrics, settings and commands.

`python -m workers.reference` writes the pages; a test compares them with the code.
"""
