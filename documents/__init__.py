"""PAPERS: how what is decided is put in writing.

A paper is facts (`schemas.documents.facts`), said in the words of one language (`words/`), laid out by one template
(`letter.typ`). This room knows no table, no workflow and no clock: the same facts make the same bytes.
"""
