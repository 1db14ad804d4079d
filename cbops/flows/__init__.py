"""One file per verb: load, gather, decide, act, append, return an Outcome."""
