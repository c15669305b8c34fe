"""How the subject's process is confined where its code is not trusted.

`find` gives the strongest sandbox that works on this machine, which it learns by trying.
"""
