"""Questions that take more than one run to answer; so far `what_if`: what would have been faster."""
