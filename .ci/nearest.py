"""Prints which of the known names is most like the first one."""

import difflib
import sys

print(*difflib.get_close_matches(sys.argv[1].upper(), sys.argv[2:], n=1, cutoff=0.0))
