"""Runs trained again: do they come out the same?"""
