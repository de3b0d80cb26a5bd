"""Commands of `goldenhour`, one group per file; `workers.cli` combines them."""
