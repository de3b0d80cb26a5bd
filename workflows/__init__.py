"""WHEN: deterministic procedure. A workflow decides, activities do, PostgreSQL remembers."""
