"""Cases (案卷): filed, moved, read."""
