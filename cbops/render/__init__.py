"""Words: view models and Jinja templates."""
