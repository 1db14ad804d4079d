"""The `data` of each command's JSON answer; published as JSON Schemas under docs/schemas."""
