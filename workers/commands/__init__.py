"""The commands of `goldenhour`, one group a file; `workers.cli` puts them together."""
