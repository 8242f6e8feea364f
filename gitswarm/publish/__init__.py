"""Publishing: a merged branch becomes a pull request."""
