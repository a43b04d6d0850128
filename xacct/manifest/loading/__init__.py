"""From files to a manifest, or to all of their problems."""
