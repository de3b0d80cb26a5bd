"""The page on which a victim reads the own complaint and signs the application."""
