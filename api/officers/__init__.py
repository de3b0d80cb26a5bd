"""Who calls the API: officers and scripts."""
