"""Agents at work: from a plan's tasks to commits on branches."""
