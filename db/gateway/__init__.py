"""The gateway that banks call: feed, inbox, files, liens and signatures."""
