"""What scripts/deploy, scripts/rollback, scripts/restore and scripts/destroy have in common."""
