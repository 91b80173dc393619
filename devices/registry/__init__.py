"""The registry: models, imports of city folders, and the snapshot hot paths ask."""
