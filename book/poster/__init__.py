"""What scripts/poster consists of."""
