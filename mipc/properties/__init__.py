"""What is asked about a network: where the input may lie, and what would violate a requirement."""
