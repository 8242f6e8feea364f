"""gitswarm: one goal, several agents, one merged and verified branch."""
