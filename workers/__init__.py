"""Engine: settings, the Temporal client, entry points, the embedded services and the command line."""
