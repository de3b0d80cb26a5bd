"""Work items of officers: owners, notices, shifts and streams."""
