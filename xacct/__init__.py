"""Cross-account bucket access, declared once, planned, applied and verified."""

__version__ = "0.1.0"
