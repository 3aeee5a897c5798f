"""Files that come with calls: what they are by their content, where they come from, what is refused."""
