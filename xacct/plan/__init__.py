"""From live to desired: differences, their order, guards, and the plan as a value."""
