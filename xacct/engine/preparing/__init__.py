"""From what was read to a plan that is judged: what it means, what holds it back, what it is bound to."""
