"""The evidence pack of a case and its verification."""
