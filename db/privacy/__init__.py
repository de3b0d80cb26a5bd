"""Personal data: sealing, keys, retention, and who may open what."""
