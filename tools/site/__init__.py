"""Pictures of the documentation site, drawn by code."""
