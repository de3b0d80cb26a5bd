"""Bank wires: one protocol (`protocol.py`), one noun for answers (`answers.py`), a package a wire."""
