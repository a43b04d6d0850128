"""Plans, findings and problems as text and as JSON."""
