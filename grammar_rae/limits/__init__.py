"""How large the numbers of a call may be, and how long an item."""
