"""From a goal to tasks: who is to do what, in which order, knowing what."""
