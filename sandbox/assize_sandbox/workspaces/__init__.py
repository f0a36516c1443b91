"""Trees of files: kept by content, seen by runs through views, compared and restored."""
