"""Any three-way merge, with or without a swarm: conflicts as values, and who answers them."""
