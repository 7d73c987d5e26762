"""The tests. A package of this name that lies among the installed ones must not take their place."""
