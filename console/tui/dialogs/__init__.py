"""What is asked, and lies over a page until it is answered."""
