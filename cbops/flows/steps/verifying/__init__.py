"""What a machine can find out of each item of the checklist; nothing but a reload of an unchanged policy changes anything."""
