"""The gateway that banks call: feed, files and replies."""
