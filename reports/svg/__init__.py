"""Pictures drawn as inline SVG: no fonts, scripts or files from outside."""
