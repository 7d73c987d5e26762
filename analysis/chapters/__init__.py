"""The subjects of a report, a file each: what is asked, a tidy frame a table, the sentences, the figures."""
