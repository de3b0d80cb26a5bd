"""Recovery: holds, orders, restoration, grievances, police, documents and messages to people."""
