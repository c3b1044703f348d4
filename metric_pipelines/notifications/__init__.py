"""Tells people: composes an alert from values handed down, and hands it to their channels.

Belongs here: what an alert says, in which language, to whom it goes, and how it gets there (Apprise, in
`apprise_channel.py` alone). Stays out: what is withheld and why (`publication/`), and when to tell
(`orchestration/`).
"""
