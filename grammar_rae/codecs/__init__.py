"""Items to arrays of integers and back."""
