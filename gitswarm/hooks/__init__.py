"""Hooks: what is looked at before a commit or a push, with a model and without."""
