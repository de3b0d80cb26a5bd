"""Recovery: holds, orders, restoration, grievances, police and documents."""
