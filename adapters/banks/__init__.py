"""Bank wires: `protocol.py` defines every channel, `answers.py` the answers, and each wire has a package."""
