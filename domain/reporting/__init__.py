"""Rules of reports: which work items an officer can act on, and how figures are computed."""
