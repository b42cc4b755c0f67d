"""View models: everything a template shows, as frozen dataclasses of finished texts."""
