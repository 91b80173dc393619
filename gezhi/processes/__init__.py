"""The platform's own processes: started, kept running, stopped."""
