"""Making and measuring models: data, training, densities, protocols, and what a card says of them."""
