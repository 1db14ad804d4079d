"""Scripts for those who work on cbops; not part of the package."""
