"""The only package that speaks to a service: sessions, platforms, the gateway."""
