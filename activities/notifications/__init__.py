"""What people are told by SMS, mail and page."""
