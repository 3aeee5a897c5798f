"""What a model call costs beside the vendor's own time: latency, CPU, durable writes, and what is promised of it."""
