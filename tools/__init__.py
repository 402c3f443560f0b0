"""For developing this type: nothing in here ships."""
