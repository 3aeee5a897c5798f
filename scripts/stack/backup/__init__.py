"""Copies of what a stack keeps: `backup` makes one, `restore` puts one back, here or on another machine."""
