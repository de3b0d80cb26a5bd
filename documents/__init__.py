"""DOCUMENTS: writers of notices, orders, reports and letters.

A document is made from facts (`schemas.recovery.document_facts`), texts in one language (`words/`), and one layout
template (`letter.typ`). This room knows no table, no workflow and no clock. The same facts give the same bytes.
"""
