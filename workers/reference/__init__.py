"""The generated reference: tables, triggers, states, routes, errors, policy, metrics, settings and commands.

`python -m workers.reference` writes the pages into build/docs/reference/; docs/reference/README.md lists them.
"""
