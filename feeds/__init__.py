"""The domain: releases in, feeds out. No Flask, no sockets, no settings file, no clock."""
