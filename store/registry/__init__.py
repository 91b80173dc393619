"""What stands where: the registry as rows, read whole or page by page."""
