"""Message wires: how a letter or a text reaches a person (`smtp.py`)."""
