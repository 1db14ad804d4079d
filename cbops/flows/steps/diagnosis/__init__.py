"""What can be asked of everything that a rollout depends on, check by check; no check changes anything."""
