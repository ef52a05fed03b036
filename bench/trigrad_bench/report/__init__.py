"""The report: one HTML page that needs no server and no other file, and the commands that make it.

Why it exists: a comparison is read by people who did not run it. Read cli.py (the commands), then page.py
(the page's order), tables.py (gate and times), inline.py (charts inside the page).
"""
