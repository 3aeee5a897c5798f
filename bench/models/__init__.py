"""What a model call costs beside the vendor's own time, and what is promised of it."""
