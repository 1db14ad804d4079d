"""Selection, plans and the fold of events into state: pure."""
