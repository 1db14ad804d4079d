"""One module a command: flags in, Outcome out."""
