"""What a person looks at: the page, its sections, figures, and items in a notebook."""
