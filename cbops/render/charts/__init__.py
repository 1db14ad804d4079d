"""Pictures: Vega-Lite specifications as plain dictionaries, and their SVG."""
