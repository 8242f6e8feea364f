"""What is seen: one module per page, all of them words for people and none for programs."""
