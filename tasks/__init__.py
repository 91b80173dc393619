"""What the tasks of asyncio need besides."""
