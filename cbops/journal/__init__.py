"""The disk: append under a lock, read, verify."""
