"""Models measured: how, by the kind of their items, and what their cards say of it."""
