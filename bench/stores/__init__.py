"""What the stores promise of their speed, each beside the least it could cost in the same run."""
