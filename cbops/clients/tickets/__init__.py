"""Tickets sent to where a team works: GitHub's issues, or an address of one's own."""
