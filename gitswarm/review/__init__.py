"""Reviewers over a change, side by side: what they are shown, find and remember."""
