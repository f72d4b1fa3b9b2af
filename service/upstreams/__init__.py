"""Other people's feeds, carried by this newsroom: polled, read, and taken in."""
