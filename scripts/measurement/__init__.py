"""What scripts/measure-on-aws consists of."""
