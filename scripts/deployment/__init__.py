"""What scripts/deploy, scripts/rollback and scripts/destroy have in common."""
