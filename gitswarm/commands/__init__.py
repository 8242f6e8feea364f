"""The commands, one file each: parse, delegate, hand the answer to the console."""
