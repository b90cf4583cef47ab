"""Tests of the sound process."""
