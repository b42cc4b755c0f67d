"""What the commands do; `walkthrough.cli` only reads their arguments."""
