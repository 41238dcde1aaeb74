"""The main job told in a browser, against real processes."""
