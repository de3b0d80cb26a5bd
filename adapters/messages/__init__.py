"""Message wires: how a letter (`smtp.py`) or a short message (`sms.py`) reaches a person."""
