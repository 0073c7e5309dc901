"""The documentation: pages in MyST Markdown, and `made`, what they show of the code."""
