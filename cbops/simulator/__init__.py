"""A router to practise on, with the real breaker inside."""
