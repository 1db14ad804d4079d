"""What policies would have done with recorded traffic: replays of many circuits, and what they tell. Pure."""
