"""One file a paper: the terms it trains, its posterior, its prior."""
