"""What banks call at our side: feed, files, replies."""
