"""From finished branches to one merged and verified tree."""
